"""Who helps with an event."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from evently.database.models import Organized


class StaffRole(models.TextChoices):
    """What a member of staff may do."""

    MANAGER = "manager"
    DOOR = "door"


class EventStaff(Organized):
    """A user who helps with an event that another user created."""

    event = models.ForeignKey(
        "events.Event",
        on_delete=models.DO_NOTHING,
        related_name="staff",
        db_constraint=False,
        db_index=False,
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        related_name="staffed_events",
        db_constraint=False,
        db_index=False,
    )
    role = models.TextField(choices=StaffRole)

    class Meta:
        db_table = "event_staff"
        constraints = [
            models.UniqueConstraint(fields=["event", "user"], name="unq_event_staff"),
            models.CheckConstraint(name="chk_staff_role", condition=Q(role__in=StaffRole.values)),
        ]
        indexes = [models.Index(fields=["user"], name="idx_event_staff_user")]
