"""Waitlist entries of events that ended long ago."""

from django.conf import settings
from django.db import models

from evently.database.functions import Clock
from evently.database.models import Organized
from events.models import Event


class ArchivedEntry(Organized):
    """An entry of the waitlist of an event that ended over six months ago, with its offers.

    `evently_archive_waitlist` moves it here, without what the person entered for the time that they
    waited, the organizer's reasons, and the pseudonym that led to the public record. record: its
    other columns. offers: its offers, oldest first.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        related_name="archived_entries",
        db_constraint=False,
    )
    event = models.ForeignKey(
        Event, on_delete=models.DO_NOTHING, related_name="archived_entries", db_constraint=False
    )
    status = models.TextField()
    quantity = models.PositiveSmallIntegerField()
    joined_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    archived_at = models.DateTimeField(db_default=Clock())
    record = models.JSONField(default=dict, db_default={})
    offers = models.JSONField(default=list, db_default=[])

    class Meta:
        db_table = "waitlists_archive"
        constraints = [
            models.CheckConstraint(
                name="chk_archived_entry_status",
                condition=models.Q(status__in=["booked", "left", "expired"]),
            ),
        ]
        indexes = [models.Index(fields=["ended_at", "id"], name="idx_entries_archive_ended")]
