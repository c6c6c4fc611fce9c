"""Tickets: one for each seat of a booking."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from evently.database.models import Organized
from events.models import Event


class Ticket(Organized):
    """One seat of a booking, created by a trigger; its secret admits one person.

    Triggers: `trg_tickets_update` (what stays, such as a name), `trg_ticket_count`,
    `trg_ticket_handed` (whose name it bears).
    """

    booking = models.ForeignKey(
        "bookings.Booking",
        on_delete=models.DO_NOTHING,
        related_name="tickets",
        db_constraint=False,
        db_index=False,
    )
    event = models.ForeignKey(
        Event,
        on_delete=models.DO_NOTHING,
        related_name="tickets",
        db_constraint=False,
        db_index=False,
    )
    # The booking's, derived: `evently_owners_set`.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
        editable=False,
    )
    # The name that it bears, sealed under its holder's key; that of the account where it has none.
    holder_name = models.TextField(null=True, blank=True)
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    secret = models.TextField(editable=False)
    checked_in_at = models.DateTimeField(null=True, blank=True)
    checked_in_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "tickets"
        constraints = [
            models.UniqueConstraint(fields=["event", "secret"], name="unq_ticket_secret"),
            models.CheckConstraint(
                name="chk_ticket_holder_sealed",
                condition=Q(holder_name__isnull=True) | Q(holder_name__startswith="sealed:v1:"),
            ),
            models.CheckConstraint(
                name="chk_ticket_holder",
                condition=Q(holder__isnull=True) | Q(holder_name__isnull=False),
            ),
            models.CheckConstraint(
                name="chk_ticket_checked_in",
                condition=Q(checked_in_by__isnull=True) | Q(checked_in_at__isnull=False),
            ),
        ]
        # One index on both columns, which triggers filter by: with one index each, the planner
        # reads all tickets of the event for each booking.
        indexes = [models.Index(fields=["booking", "event"], name="idx_tickets_booking")]

    def is_handed_over(self, booking: Any) -> bool:
        """Whether another person has accepted it. booking: its own."""
        return self.holder_id not in (None, booking.user_id)

    @property
    def name(self) -> str:
        """The name that it bears for good, or ""; needs `holder__person_key` loaded."""
        key = self.holder.key if self.holder is not None else None
        return (key and self.holder_name and key.open("holder_name", self.holder_name)) or ""

    @property
    def is_cancelled(self) -> bool:
        return self.cancelled_at is not None

    @property
    def is_checked_in(self) -> bool:
        return self.checked_in_at is not None
