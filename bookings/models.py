"""Bookings, their tickets and payments, and the log of every booking attempt.

Triggers maintain the references and tickets (bookings/sql), and the seats that a booking takes and
returns (waitlists/sql).
"""

from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from bookings.attempt_models import AttemptResult, BookingAttempt
from bookings.attendance_models import AttendanceCheck
from bookings.payment_models import Payment, PaymentKind, PaymentProvider, PaymentStatus
from bookings.ticket_models import Ticket
from bookings.transfer_models import TicketTransfer, TransferStatus
from evently.database.functions import Clock
from evently.database.models import EventOwned, Organized
from evently.database.money import MoneyField
from evently.database.views import read_from
from events.models import PRICE_LIMIT, Event, UnansweredPolicy

__all__ = [
    "HOLDING_SEATS",
    "ArchivedBooking",
    "ArchivedTotals",
    "AttemptResult",
    "AttendanceCheck",
    "Booking",
    "BookingAttempt",
    "BookingColumns",
    "BookingQuerySet",
    "BookingStatus",
    "Canceller",
    "Payment",
    "PaymentKind",
    "PaymentProvider",
    "PaymentStatus",
    "Ticket",
    "TicketTransfer",
    "TransferStatus",
]


class BookingStatus(models.TextChoices):
    PENDING = "pending"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


HOLDING_SEATS = (BookingStatus.PENDING, BookingStatus.CONFIRMED)


class Canceller(models.TextChoices):
    """Who or what cancelled a booking; only attendees are bound by the deadline.

    UNANSWERED: Evently, as the attendee did not say whether they are still coming.
    """

    ATTENDEE = "attendee"
    ORGANIZER = "organizer"
    EVENT = "event"
    EXPIRY = "expiry"
    UNANSWERED = "unanswered"


class BookingQuerySet(models.QuerySet["Booking"]):
    def with_archived(self) -> "BookingQuerySet":
        """Read archived bookings, too: the first call on a queryset, for reading only."""
        return read_from("bookings_with_archived", self)

    def holding_seats(self) -> "BookingQuerySet":
        return self.filter(status__in=HOLDING_SEATS)

    def of_user(self, user_id: object) -> "BookingQuerySet":
        return self.filter(user_id=user_id)

    def overdue(self) -> "BookingQuerySet":
        """Return the unpaid bookings whose payment deadline has passed, by the database's clock."""
        return self.filter(status=BookingStatus.PENDING, expires_at__lte=Clock())


class BookingColumns(Organized):
    """The columns that bookings and bookings_archive share."""

    quantity = models.PositiveSmallIntegerField()
    unit_price = MoneyField(default=Decimal("0.00"), db_default=Decimal("0.00"))
    total_amount = MoneyField(max_digits=14)
    status = models.TextField(
        choices=BookingStatus, default=BookingStatus.CONFIRMED, db_default=BookingStatus.CONFIRMED
    )
    booking_reference = models.TextField(editable=False, db_default="")
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.TextField(blank=True, db_default="", default="")
    # Empty in rows that a release before this column cancelled.
    cancelled_by = models.TextField(choices=Canceller, null=True, blank=True)
    idempotency_key = models.TextField(null=True, blank=True)

    class Meta:
        abstract = True


class Booking(BookingColumns):
    """Seats of an event, booked by one user.

    Triggers: `trg_bookings_reference`, `trg_bookings_update` (which changes are allowed),
    `trg_bookings_tickets` (one ticket per seat), `trg_booking_returned` (whose seats may
    be returned for want of an answer), `trg_bookings_ledger_*` (seats, limits, waitlist,
    price, and that a quote is used once).
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        related_name="bookings",
        db_constraint=False,
        db_index=False,
    )
    event = models.ForeignKey(
        Event,
        on_delete=models.DO_NOTHING,
        related_name="bookings",
        db_constraint=False,
        db_index=False,
    )

    # The quote that it was booked with, and how many seats that was for.
    quote_id = models.UUIDField(null=True, editable=False)
    quote_quantity = models.SmallIntegerField(null=True, editable=False)

    # Digest of the mailbox that the user's address belonged to on booking, at events with a limit
    # per person; elsewhere null, as for raw SQL: these count by user only.
    mailbox = models.TextField(null=True, editable=False)

    # What was shown when it was booked about its seats if it does not answer whether it is still
    # coming (`events.attendance`); null: it was shown nothing. `trg_booking_final` keeps it.
    unanswered_policy = models.TextField(choices=UnansweredPolicy, null=True, editable=False)

    objects = BookingQuerySet.as_manager()

    class Meta:
        db_table = "bookings"
        constraints = [
            models.CheckConstraint(
                name="chk_booking_quote",
                condition=Q(quote_id__isnull=True, quote_quantity__isnull=True)
                | Q(
                    quote_id__isnull=False,
                    quote_quantity__isnull=False,
                    quote_quantity__gte=F("quantity"),
                ),
            ),
            models.CheckConstraint(
                name="chk_booking_quantity", condition=Q(quantity__gte=1, quantity__lte=10)
            ),
            models.CheckConstraint(
                name="chk_booking_amount",
                condition=Q(total_amount__gt=0) | Q(total_amount=0, unit_price=0),
            ),
            models.CheckConstraint(
                name="chk_booking_total",
                condition=Q(total_amount=F("unit_price") * F("quantity")),
            ),
            models.CheckConstraint(
                # The upper bounds also refuse NaN, which PostgreSQL sorts above every number.
                name="chk_booking_price",
                condition=Q(unit_price__gte=0, unit_price__lt=PRICE_LIMIT),
            ),
            models.CheckConstraint(
                name="chk_booking_status", condition=Q(status__in=BookingStatus.values)
            ),
            models.CheckConstraint(
                name="chk_booking_expires",
                condition=Q(expires_at__isnull=True) | ~Q(status=BookingStatus.CONFIRMED),
            ),
            models.CheckConstraint(
                name="chk_booking_cancelled",
                condition=Q(status=BookingStatus.CANCELLED, cancelled_at__isnull=False)
                | (~Q(status=BookingStatus.CANCELLED) & Q(cancelled_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="chk_booking_cancelled_by",
                condition=Q(cancelled_by__isnull=True)
                | Q(status=BookingStatus.CANCELLED, cancelled_by__in=Canceller.values),
            ),
            models.CheckConstraint(
                name="chk_booking_unanswered",
                condition=Q(unanswered_policy__isnull=True)
                | Q(unanswered_policy__in=UnansweredPolicy.values),
            ),
            models.UniqueConstraint(
                fields=["booking_reference", "event"], name="unq_booking_reference"
            ),
        ]
        indexes = [
            models.Index(
                fields=["user", "event"],
                include=["quantity", "total_amount"],
                name="idx_bookings_user_event",
            ),
            models.Index(
                fields=["quote_id"],
                name="idx_bookings_quote",
                condition=Q(quote_id__isnull=False),
            ),
            models.Index(
                fields=["event", "mailbox"],
                name="idx_bookings_mailbox",
                condition=Q(mailbox__isnull=False),
            ),
            models.Index(F("created_at").desc(), name="idx_bookings_recent"),
            models.Index(fields=["event", "created_at"], name="idx_bookings_event"),
            models.Index(
                fields=["cancelled_at"],
                name="idx_bookings_cancelled",
                condition=Q(cancelled_at__isnull=False),
            ),
            models.Index(
                fields=["expires_at"],
                name="idx_bookings_expiring",
                condition=Q(status=BookingStatus.PENDING),
            ),
        ]

    def __str__(self) -> str:
        return self.booking_reference

    @property
    def is_pending(self) -> bool:
        """Not paid yet: it holds seats, but its tickets are not valid."""
        return self.status == BookingStatus.PENDING

    @property
    def is_confirmed(self) -> bool:
        """Its tickets are valid."""
        return self.status == BookingStatus.CONFIRMED

    @property
    def is_cancelled(self) -> bool:
        return self.status == BookingStatus.CANCELLED

    @property
    def is_ended(self) -> bool:
        """Cancelled, or its event is: bookings follow in the background."""
        return self.is_cancelled or self.event.is_cancelled

    def is_cancellable(self, *, at: datetime) -> bool:
        """Return whether the attendee may still cancel at that time."""
        return not self.is_ended and at < self.event.cancellable_until


class ArchivedBooking(BookingColumns):
    """A booking of an event that ended over a year ago; it still protects the event from deletion.

    `evently_archive_bookings` moves it here. parts: what belonged to it, as lists of rows:
    `tickets` (without secrets), `payments`, `transfers` (without name and address), `answers`.
    Lists and figures read both tables (`BookingQuerySet.with_archived`). When it goes to cold
    storage, its sums stay in `ArchivedTotals` (`trg_archived_totals_*`).
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        related_name="archived_bookings",
        db_constraint=False,
    )
    event = models.ForeignKey(
        Event, on_delete=models.DO_NOTHING, related_name="archived_bookings", db_constraint=False
    )
    archived_at = models.DateTimeField(db_default=Now())
    # When its event ended; its time in the archive counts from then.
    ended_at = models.DateTimeField(null=True, editable=False)
    parts = models.JSONField(default=dict, db_default={}, editable=False)

    class Meta:
        db_table = "bookings_archive"
        constraints = [
            models.UniqueConstraint(
                fields=["booking_reference", "event"], name="unq_archived_reference"
            ),
        ]
        indexes = [
            models.Index(fields=["ended_at", "id"], name="idx_archive_ended"),
            models.Index(F("created_at").desc(), name="idx_archive_recent"),
        ]


class ArchivedTotals(EventOwned):
    """The sums of an event's bookings that are in cold storage, by status; no person is in them.

    Written by `trg_archived_totals_*` on bookings_archive. amount: in the event's currency.
    """

    event = models.ForeignKey(
        Event,
        on_delete=models.DO_NOTHING,
        related_name="archived_totals",
        db_constraint=False,
        db_index=False,
    )
    status = models.TextField(choices=BookingStatus)
    bookings = models.BigIntegerField()
    seats = models.BigIntegerField()
    amount = MoneyField(max_digits=18)

    class Meta:
        db_table = "archived_totals"
        constraints = [
            models.UniqueConstraint(fields=["event", "status"], name="unq_archived_totals"),
        ]
