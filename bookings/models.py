"""Bookings, their tickets and payments, and the log of every attempt.

Kept by the database: the reference and the tickets (bookings/migrations), the seats that a
booking takes and gives back (waitlists/migrations/0003_seat_ledger).
"""

from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from evently.database.functions import Clock
from evently.database.models import EventOwned
from events.models import PRICE_LIMIT, Event


class BookingStatus(models.TextChoices):
    """Where a booking stands; the first two hold seats."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


HOLDING_SEATS = (BookingStatus.PENDING, BookingStatus.CONFIRMED)


class BookingQuerySet(models.QuerySet["Booking"]):
    """Reads of bookings."""

    def holding_seats(self) -> "BookingQuerySet":
        """Bookings whose seats are taken."""
        return self.filter(status__in=HOLDING_SEATS)

    def of_user(self, user_id: object) -> "BookingQuerySet":
        """One person's bookings."""
        return self.filter(user_id=user_id)


class BookingColumns(EventOwned):
    """The columns that a booking and its archived copy share."""

    quantity = models.PositiveSmallIntegerField()
    unit_price = models.DecimalField(
        max_digits=10, decimal_places=2, default=Decimal("0.00"), db_default=Decimal("0.00")
    )
    total_amount = models.DecimalField(max_digits=10, decimal_places=2)
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
    idempotency_key = models.TextField(null=True, blank=True)

    class Meta:
        """Abstract: two tables have these columns."""

        abstract = True


class Booking(BookingColumns):
    """Seats of an event, taken by one person.

    Triggers: `trg_bookings_reference`, `trg_bookings_update` (what may change),
    `trg_bookings_tickets` (one ticket a seat), `trg_bookings_ledger_*` (seats, limits, the line).
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

    objects = BookingQuerySet.as_manager()

    class Meta:
        """Constraints and indexes under the names of the data model."""

        db_table = "bookings"
        constraints = [
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
                condition=Q(expires_at__isnull=True) | ~Q(status="confirmed"),
            ),
            models.CheckConstraint(
                name="chk_booking_cancelled",
                condition=Q(status="cancelled", cancelled_at__isnull=False)
                | (~Q(status="cancelled") & Q(cancelled_at__isnull=True)),
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
                fields=["status", "created_at"],
                name="idx_bookings_status_created",
                condition=Q(status__in=["confirmed", "cancelled"]),
            ),
            models.Index(F("created_at").desc(), name="idx_bookings_recent"),
            models.Index(fields=["event", "created_at"], name="idx_bookings_event"),
            models.Index(
                fields=["expires_at"],
                name="idx_bookings_expiring",
                condition=Q(status="pending"),
            ),
        ]

    def __str__(self) -> str:
        return self.booking_reference

    @property
    def is_cancelled(self) -> bool:
        """Whether the seats were given back."""
        return self.status == BookingStatus.CANCELLED

    @property
    def is_confirmed(self) -> bool:
        """Whether its tickets are valid."""
        return self.status == BookingStatus.CONFIRMED

    def is_cancellable(self, *, at: datetime) -> bool:
        """Tell whether its holder may still cancel at a moment."""
        return not self.is_cancelled and at < self.event.cancellable_until


class ArchivedBooking(BookingColumns):
    """A booking of an event completed long ago; it still keeps its event from deletion."""

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

    class Meta:
        """As bookings, without what only living rows need."""

        db_table = "bookings_archive"
        constraints = [
            models.UniqueConstraint(
                fields=["booking_reference", "event"], name="unq_archived_reference"
            ),
        ]


class Ticket(EventOwned):
    """One seat of a booking, with a secret of its own. Made by the database."""

    booking = models.ForeignKey(
        Booking,
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
    holder_name = models.TextField(null=True, blank=True)
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
        """A secret admits once."""

        db_table = "tickets"
        constraints = [
            models.UniqueConstraint(fields=["event", "secret"], name="unq_ticket_secret"),
            models.CheckConstraint(
                name="chk_ticket_holder_sealed",
                condition=Q(holder_name__isnull=True) | Q(holder_name__startswith="sealed:v1:"),
            ),
            models.CheckConstraint(
                name="chk_ticket_checked_in",
                condition=Q(checked_in_by__isnull=True) | Q(checked_in_at__isnull=False),
            ),
        ]
        # Both columns, for triggers ask by both: given one of each, the planner read all tickets
        # of an event for each booking.
        indexes = [models.Index(fields=["booking", "event"], name="idx_tickets_booking")]


class PaymentProvider(models.TextChoices):
    """Who moved the money."""

    MANUAL = "manual", "By hand"
    STRIPE = "stripe", "Stripe"


class PaymentKind(models.TextChoices):
    """Which way the money went."""

    CHARGE = "charge"
    REFUND = "refund"


class PaymentStatus(models.TextChoices):
    """What became of it."""

    OPEN = "open"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Payment(EventOwned):
    """Money that came in for a booking, or went back. `trg_refund_within_charges`."""

    event = models.ForeignKey(
        Event,
        on_delete=models.DO_NOTHING,
        related_name="payments",
        db_constraint=False,
        db_index=False,
    )
    booking = models.ForeignKey(
        Booking, on_delete=models.DO_NOTHING, related_name="payments", db_constraint=False
    )
    provider = models.TextField(choices=PaymentProvider, db_default=PaymentProvider.MANUAL)
    kind = models.TextField(choices=PaymentKind, db_default=PaymentKind.CHARGE)
    provider_reference = models.TextField()
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    currency = models.CharField(max_length=3)
    status = models.TextField(choices=PaymentStatus, db_default=PaymentStatus.OPEN)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        """A provider's reference counts once per event."""

        db_table = "payments"
        constraints = [
            models.UniqueConstraint(
                fields=["event", "provider", "provider_reference"], name="unq_payment_reference"
            ),
            models.CheckConstraint(
                name="chk_payment_amount", condition=Q(amount__gt=0, amount__lt=PRICE_LIMIT)
            ),
            models.CheckConstraint(
                name="chk_payment_provider", condition=Q(provider__in=PaymentProvider.values)
            ),
            models.CheckConstraint(
                name="chk_payment_kind", condition=Q(kind__in=PaymentKind.values)
            ),
            models.CheckConstraint(
                name="chk_payment_status", condition=Q(status__in=PaymentStatus.values)
            ),
            models.CheckConstraint(
                name="chk_payment_currency", condition=Q(currency__regex=r"^[A-Z]{3}$")
            ),
        ]


class AttemptResult(models.TextChoices):
    """How an attempt to book ended."""

    SUCCESS = "success"
    FAILED = "failed"


class BookingAttempt(EventOwned):
    """One attempt to book, granted or refused. `quantity` is as asked, sense or nonsense."""

    event = models.ForeignKey(
        Event, on_delete=models.DO_NOTHING, related_name="attempts", db_constraint=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="booking_attempts",
        db_constraint=False,
    )
    booking = models.ForeignKey(
        Booking,
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="attempts",
        db_constraint=False,
    )
    quantity = models.BigIntegerField(null=True)
    result = models.TextField(choices=AttemptResult)
    failure_reason = models.TextField(null=True)
    attempted_at = models.DateTimeField(db_default=Clock())
    ip_address = models.GenericIPAddressField(null=True)
    user_agent = models.TextField(db_default="", default="")

    class Meta:
        """A refusal has a reason, a success a booking."""

        db_table = "booking_attempts"
        constraints = [
            models.CheckConstraint(
                name="chk_attempt_result", condition=Q(result__in=AttemptResult.values)
            ),
            models.CheckConstraint(
                name="chk_attempt_outcome",
                condition=Q(result="success", failure_reason__isnull=True, booking__isnull=False)
                | Q(result="failed", failure_reason__isnull=False, booking__isnull=True),
            ),
        ]
        indexes = [
            models.Index(
                fields=["result", "attempted_at"],
                name="idx_attempts_result_time",
                condition=Q(result="failed"),
            )
        ]
