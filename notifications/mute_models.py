"""What people have turned off for one event."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from evently.database.functions import Clock
from evently.database.models import Identified
from events.models import Event

# As `kinds.base.EVENT_CATEGORIES` and `models.Channel`, which import this module.
CATEGORIES = ("reminders", "changes", "messages")
CHANNELS = ("in_app", "email")


class EventMute(Identified):
    """That a person does not want a category of messages about an event through a channel.

    Only categories that can be turned off. A row is deleted when the person wants them again.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    event = models.ForeignKey(
        Event, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    category = models.TextField()
    channel = models.TextField()
    created_at = models.DateTimeField(db_default=Clock(), editable=False)

    class Meta:
        db_table = "event_mutes"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "event", "category", "channel"], name="unq_event_mute"
            ),
            models.CheckConstraint(
                name="chk_event_mute_category", condition=Q(category__in=CATEGORIES)
            ),
            models.CheckConstraint(
                name="chk_event_mute_channel", condition=Q(channel__in=CHANNELS)
            ),
        ]
