"""Offers of seats (promotions) to waitlist entries.

Enforced by the database (`waitlists/sql/`): the seats that an offer holds, and the transitions of
its status.
"""

from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from bookings.models import Booking
from evently.database.functions import Clock
from evently.database.models import Organized
from evently.database.money import MoneyField
from events.models import PRICE_LIMIT, Event


class PromotionStatus(models.TextChoices):
    """States of an offer; only a pending one holds seats."""

    PENDING = "pending"
    USED = "used"
    EXPIRED = "expired"
    DECLINED = "declined"


class MovedReason(models.TextChoices):
    """Why the end of an offer was moved, as far as it was looked up."""

    NONE = "", "–"
    LATE = "late", "The message was handed over late"
    LOST = "lost", "The email did not arrive"
    WAITING = "waiting", "The message was not handed over in time"


class Promotion(Organized):
    """Seats held for one waitlist entry until `expires_at`, at `unit_price` or less.

    first_expires_at, moved_reason: its end before it was moved to a later time, which happens once
    (`waitlists.operations.reaching`). message_lost_at: when it turned out that the email about it
    did not arrive. is_unreached: it expired, and nothing about it had reached the person.
    Triggers: `trg_promotions_insert` and `trg_promotions_update` (valid terms and transitions),
    `trg_promotions_ledger_*` (the seats it holds), `trg_promotions_booking` (the booking made
    from it).
    """

    waitlist = models.ForeignKey(
        "waitlists.WaitlistEntry",
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
    # Set if fewer seats were accepted than offered; the rest went on at once.
    accepted_quantity = models.SmallIntegerField(null=True, blank=True)
    unit_price = MoneyField(default=Decimal("0.00"), db_default=Decimal("0.00"))
    # The pseudonym of the joining that it was made to.
    ref = models.TextField(null=True, editable=False)
    # Whether its whole time is night, where the event is or where the person is.
    is_at_night = models.BooleanField(default=False, db_default=False, editable=False)
    promoted_at = models.DateTimeField(db_default=Clock())
    expires_at = models.DateTimeField()
    window_minutes = models.PositiveIntegerField()
    first_expires_at = models.DateTimeField(null=True, editable=False)
    moved_reason = models.TextField(
        choices=MovedReason, default="", db_default="", blank=True, editable=False
    )
    message_lost_at = models.DateTimeField(null=True, editable=False)
    is_unreached = models.BooleanField(default=False, db_default=False, editable=False)
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
    # Set where an organizer made the offer out of order: why, and the entry's position until then.
    organizer_reason = models.TextField(db_default="", default="", blank=True)
    position_before = models.IntegerField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        # Operations refer to constraints by name (`refusing`), so the names are fixed.
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
                name="chk_promotion_accepted",
                condition=Q(accepted_quantity__isnull=True)
                | Q(
                    status="used",
                    accepted_quantity__gte=1,
                    accepted_quantity__lte=F("quantity"),
                ),
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
            models.CheckConstraint(
                name="chk_promotion_moved",
                condition=Q(first_expires_at__isnull=True, moved_reason="")
                | Q(first_expires_at__isnull=False, moved_reason__in=["late", "lost", "waiting"]),
            ),
            models.CheckConstraint(
                name="chk_promotion_unreached",
                condition=Q(is_unreached=False) | Q(status="expired"),
            ),
            models.CheckConstraint(
                name="chk_promotion_by_hand",
                condition=Q(organizer_reason="", position_before__isnull=True)
                | (
                    Q(position_before__isnull=False, position_before__gt=0)
                    & ~Q(organizer_reason="")
                ),
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
        """Whether it has not been answered or ended; it may have expired all the same."""
        return self.status == PromotionStatus.PENDING

    def is_open(self, *, at: datetime) -> bool:
        """Tell whether it can be accepted at a time."""
        return self.is_pending and at < self.expires_at

    @property
    def seats_accepted(self) -> int | None:
        """How many of the offered seats were booked; None where it was not accepted."""
        if self.status != PromotionStatus.USED:
            return None
        return self.quantity if self.accepted_quantity is None else self.accepted_quantity

    @property
    def half_over_at(self) -> datetime:
        """From when on declining counts as letting the offer run out."""
        return self.promoted_at + (self.expires_at - self.promoted_at) / 2

    @property
    def has_lapsed(self) -> bool:
        """Whether it ran out, or was declined too late (as `evently_offers_ended` counts)."""
        if self.is_at_night or self.is_unreached or self.ended_at is None:
            return False
        if self.status == PromotionStatus.EXPIRED:
            return self.ended_at >= self.expires_at
        return self.status == PromotionStatus.DECLINED and self.ended_at > self.half_over_at
