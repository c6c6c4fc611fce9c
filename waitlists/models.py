"""The line of an event, and the offers made to those who wait.

Kept by the database (waitlists/migrations): positions, the moment of joining, the seats that an
offer holds, and what an offer may be.
"""

from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from bookings.models import Booking
from evently.database.functions import Clock
from evently.database.models import EventOwned
from events.models import PRICE_LIMIT, Event


class EntryStatus(models.TextChoices):
    """Where a waitlist entry stands."""

    WAITING = "waiting"
    PROMOTED = "promoted"
    BOOKED = "booked"
    LEFT = "left"
    EXPIRED = "expired"


# Statuses in which an entry still has a claim to seats: in line, or with an open offer.
IN_LINE = (EntryStatus.WAITING, EntryStatus.PROMOTED)


class PromotionStatus(models.TextChoices):
    """What became of an offer; only a pending one holds seats."""

    PENDING = "pending"
    USED = "used"
    EXPIRED = "expired"
    DECLINED = "declined"


class WaitlistQuerySet(models.QuerySet["WaitlistEntry"]):
    """Reads of the line."""

    def waiting(self) -> "WaitlistQuerySet":
        """Entries that wait for an offer."""
        return self.filter(status=EntryStatus.WAITING)

    def in_line(self) -> "WaitlistQuerySet":
        """Entries that wait, or have an open offer."""
        return self.filter(status__in=IN_LINE)

    def fitting(self, free_seats: int) -> "WaitlistQuerySet":
        """Waiting entries that would do with so many seats; the triggers use the same word."""
        return self.waiting().filter(min_quantity__lte=free_seats)

    def in_line_order(self) -> "WaitlistQuerySet":
        """The one order: promotions go by it, `position` is the rank in it."""
        return self.order_by("-priority_score", "joined_at", "id")


class WaitlistEntry(EventOwned):
    """One person waiting for seats of one event.

    Triggers: `trg_waitlists_join` (who may join, when they joined), `trg_waitlists_rank_*`
    (positions, once per statement).
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        related_name="waitlist_entries",
        db_constraint=False,
        db_index=False,
    )
    event = models.ForeignKey(
        Event,
        on_delete=models.DO_NOTHING,
        related_name="waitlist_entries",
        db_constraint=False,
        db_index=False,
    )
    quantity = models.PositiveSmallIntegerField(default=1, db_default=1)
    min_quantity = models.PositiveSmallIntegerField(default=1, db_default=1)
    auto_accept = models.BooleanField(default=False, db_default=False)
    unit_price = models.DecimalField(max_digits=10, decimal_places=2)
    position = models.PositiveIntegerField(null=True, editable=False)
    priority_score = models.IntegerField(default=0, db_default=0)
    priority_reason = models.TextField(blank=True, default="", db_default="")
    passed_over = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    joined_at = models.DateTimeField(db_default=Clock(), editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    status = models.TextField(
        choices=EntryStatus, default=EntryStatus.WAITING, db_default=EntryStatus.WAITING
    )
    notify_prefs = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = WaitlistQuerySet.as_manager()

    class Meta:
        """Constraints and indexes under the names of the data model."""

        db_table = "waitlists"
        verbose_name_plural = "waitlist entries"
        constraints = [
            models.UniqueConstraint(fields=["user", "event"], name="unq_user_event_waitlist"),
            models.CheckConstraint(
                name="chk_waitlist_position", condition=Q(position__isnull=True) | Q(position__gt=0)
            ),
            models.CheckConstraint(
                name="chk_waitlist_quantity",
                condition=Q(quantity__gte=1, quantity__lte=10),
            ),
            models.CheckConstraint(
                name="chk_waitlist_min_quantity",
                condition=Q(min_quantity__gte=1, min_quantity__lte=F("quantity")),
            ),
            models.CheckConstraint(
                name="chk_waitlist_status", condition=Q(status__in=EntryStatus.values)
            ),
            models.CheckConstraint(
                name="chk_waitlist_priority_reason",
                condition=Q(priority_score=0) | ~Q(priority_reason=""),
            ),
            models.CheckConstraint(
                name="chk_waitlist_price",
                condition=Q(unit_price__gte=0, unit_price__lt=PRICE_LIMIT),
            ),
        ]
        indexes = [
            models.Index(
                fields=["event", "position"],
                name="idx_waitlists_event_position",
                condition=Q(status="waiting"),
            ),
            models.Index(
                F("event"),
                F("priority_score").desc(),
                F("joined_at"),
                F("id"),
                name="idx_waitlists_priority_joined",
                condition=Q(status="waiting"),
            ),
            models.Index(
                fields=["event", "min_quantity"],
                name="idx_waitlists_event_fits",
                condition=Q(status="waiting"),
            ),
        ]

    @property
    def is_waiting(self) -> bool:
        """Whether it stands in line."""
        return self.status == EntryStatus.WAITING

    @property
    def has_offer(self) -> bool:
        """Whether seats are held for it right now."""
        return self.status == EntryStatus.PROMOTED


class Promotion(EventOwned):
    """Seats held for one entry until a time, at a price that is the most it will pay.

    Triggers: `trg_promotions_insert`, `trg_promotions_update` (what an offer may be and become),
    `trg_promotions_ledger_*` (the seats it holds), `trg_promotions_booking`.
    """

    waitlist = models.ForeignKey(
        WaitlistEntry,
        on_delete=models.DO_NOTHING,
        related_name="promotions",
        db_constraint=False,
        db_index=False,
    )
    event = models.ForeignKey(
        Event,
        on_delete=models.DO_NOTHING,
        related_name="promotions",
        db_constraint=False,
        db_index=False,
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        related_name="promotions",
        db_constraint=False,
        db_index=False,
    )
    quantity = models.PositiveSmallIntegerField()
    unit_price = models.DecimalField(
        max_digits=10, decimal_places=2, default=Decimal("0.00"), db_default=Decimal("0.00")
    )
    promoted_at = models.DateTimeField(db_default=Clock())
    expires_at = models.DateTimeField()
    window_minutes = models.PositiveIntegerField()
    status = models.TextField(
        choices=PromotionStatus,
        default=PromotionStatus.PENDING,
        db_default=PromotionStatus.PENDING,
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    booking = models.ForeignKey(
        Booking,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        related_name="promotions",
        db_constraint=False,
    )
    promotion_reason = models.TextField(db_default="", default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        """Constraints and indexes under the names of the data model."""

        db_table = "waitlist_promotions"
        constraints = [
            models.UniqueConstraint(
                fields=["waitlist", "event"],
                name="unq_promotion_pending",
                condition=Q(status="pending"),
            ),
            models.CheckConstraint(
                name="chk_promotion_quantity", condition=Q(quantity__gte=1, quantity__lte=10)
            ),
            models.CheckConstraint(
                name="chk_promotion_status", condition=Q(status__in=PromotionStatus.values)
            ),
            models.CheckConstraint(
                name="chk_promotion_booking",
                condition=Q(status="used", booking__isnull=False)
                | (~Q(status="used") & Q(booking__isnull=True)),
            ),
            models.CheckConstraint(
                name="chk_promotion_price",
                condition=Q(unit_price__gte=0, unit_price__lt=PRICE_LIMIT),
            ),
            models.CheckConstraint(
                name="chk_promotion_window", condition=Q(expires_at__gt=F("promoted_at"))
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"],
                name="idx_promotions_expiring",
                condition=Q(status="pending"),
            ),
            models.Index(fields=["user", "promoted_at"], name="idx_promotions_user"),
            models.Index(fields=["event", "promoted_at"], name="idx_promotions_event"),
            models.Index(fields=["waitlist"], name="idx_promotions_waitlist"),
        ]

    @property
    def is_pending(self) -> bool:
        """Whether nobody has answered it yet; the clock may have run out all the same."""
        return self.status == PromotionStatus.PENDING

    def is_open(self, *, at: datetime) -> bool:
        """Tell whether it can be claimed at a moment."""
        return self.is_pending and at < self.expires_at
