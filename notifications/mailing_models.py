"""Messages that all attendees of an event get at a time: which have gone out."""

from django.db import models
from django.db.models import Q

from evently.database.functions import Clock
from evently.database.models import Organized
from events.models import Event


class MailingKind(models.TextChoices):
    """The kinds of notification that go to all attendees of an event at a time."""

    REMINDER = "reminder", "Reminder"
    EVENT_OVER = "event_over", "Thanks"


class Mailing(Organized):
    """That all attendees of an event were notified; none is looked for again.

    due_at: as it was; another one is another mailing. people: how many were to be notified,
    whatever their preferences are.
    """

    event = models.ForeignKey(
        Event, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    kind = models.TextField(choices=MailingKind)
    due_at = models.DateTimeField()
    people = models.PositiveIntegerField()
    created_at = models.DateTimeField(db_default=Clock(), editable=False)

    class Meta:
        db_table = "mailings"
        constraints = [
            models.UniqueConstraint(fields=["event", "kind", "due_at"], name="unq_mailing"),
            models.CheckConstraint(
                name="chk_mailing_kind", condition=Q(kind__in=MailingKind.values)
            ),
        ]
