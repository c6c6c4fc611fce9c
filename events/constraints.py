"""The values that an event's columns may have, and the database's constraints on them."""

from datetime import timedelta

from django.db import models
from django.db.models import F, Q

from evently.database.money import AMOUNT_LIMIT

SEATS_PER_BOOKING = 10
# Seats per place on a waitlist where the organizer has set no limit; as in `evently_place_limit`.
SEATS_PER_PLACE = 4
PRICE_LIMIT = AMOUNT_LIMIT
LONGEST_WINDOW_MINUTES = 7 * 24 * 60
CANCELLATION_BEFORE_PAID_EVENT = timedelta(hours=48)
# How many days before the start attendees can be asked whether they are still coming.
ASKED_DAYS_FEWEST, ASKED_DAYS_MOST = 3, 14
# How many hours before the start attendees can be reminded, and by default.
REMINDER_HOURS_FEWEST, REMINDER_HOURS_MOST, REMINDER_HOURS = 1, 14 * 24, 24


class PassRule(models.IntegerChoices):
    """How often a waitlist entry that needs more seats than are free is passed, at most."""

    STRICT = 0, "Never"
    BOUNDED = 3, "Up to 3 times"


class UnansweredPolicy(models.TextChoices):
    """What becomes of seats whose booker was asked twice, and did not say whether they come."""

    KEEP = "keep", "They keep their seats"
    RETURN = "return", "Their seats go to the waitlist"


class EventStatus(models.TextChoices):
    """Whether an event takes place; `published_at` tells whether it is published."""

    ACTIVE = "active"
    CANCELLED = "cancelled"
    COMPLETED = "completed"


class PaymentMode(models.TextChoices):
    FREE = "free", "Free of charge"
    DOOR = "door", "At the door"
    TRANSFER = "transfer", "By transfer or payment link"


EVENT_CONSTRAINTS: list[models.BaseConstraint] = [
    models.CheckConstraint(
        name="chk_event_capacity",
        condition=Q(available_seats__gte=0, available_seats__lte=F("total_capacity")),
    ),
    models.CheckConstraint(name="chk_event_total", condition=Q(total_capacity__gt=0)),
    models.CheckConstraint(name="chk_event_date", condition=Q(event_date__gt=F("created_at"))),
    models.CheckConstraint(
        # The upper bound also refuses NaN, which PostgreSQL sorts above every number.
        name="chk_pricing",
        condition=Q(
            current_price__gte=0,
            base_price__gte=0,
            current_price__lt=PRICE_LIMIT,
            base_price__lt=PRICE_LIMIT,
        ),
    ),
    models.CheckConstraint(
        name="chk_event_price_bounds",
        condition=Q(price_floor__isnull=True, price_ceiling__isnull=True)
        | Q(
            price_floor__isnull=False,
            price_ceiling__isnull=False,
            current_price__gte=F("price_floor"),
            current_price__lte=F("price_ceiling"),
        ),
    ),
    models.CheckConstraint(name="chk_event_status", condition=Q(status__in=EventStatus.values)),
    models.CheckConstraint(
        name="chk_event_payment_mode", condition=Q(payment_mode__in=PaymentMode.values)
    ),
    models.CheckConstraint(
        name="chk_event_free",
        condition=~Q(payment_mode="free") | Q(base_price=0, current_price=0),
    ),
    models.CheckConstraint(
        name="chk_event_ends",
        condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("event_date")),
    ),
    models.CheckConstraint(
        name="chk_event_sales_window",
        condition=Q(sales_start_at__isnull=True)
        | Q(sales_end_at__isnull=True)
        | Q(sales_end_at__gt=F("sales_start_at")),
    ),
    models.CheckConstraint(
        name="chk_event_per_booking",
        condition=Q(max_per_booking__gte=1, max_per_booking__lte=SEATS_PER_BOOKING),
    ),
    models.CheckConstraint(
        name="chk_event_per_person",
        condition=Q(max_per_person__isnull=True) | Q(max_per_person__gte=1),
    ),
    models.CheckConstraint(
        name="chk_event_per_place",
        condition=Q(max_per_place__isnull=True)
        | Q(max_per_place__gte=1, max_per_place__lte=SEATS_PER_BOOKING),
    ),
    models.CheckConstraint(
        name="chk_event_passes",
        condition=Q(max_passes__isnull=True) | Q(max_passes__in=PassRule.values),
    ),
    models.CheckConstraint(
        name="chk_event_window",
        condition=Q(promotion_window_minutes__isnull=True)
        | Q(
            promotion_window_minutes__gte=1,
            promotion_window_minutes__lte=LONGEST_WINDOW_MINUTES,
        ),
    ),
    models.CheckConstraint(
        name="chk_event_ask_days",
        condition=Q(ask_days_before__isnull=True)
        | Q(ask_days_before__gte=ASKED_DAYS_FEWEST, ask_days_before__lte=ASKED_DAYS_MOST),
    ),
    models.CheckConstraint(
        name="chk_event_unanswered", condition=Q(unanswered_policy__in=UnansweredPolicy.values)
    ),
    models.CheckConstraint(
        name="chk_event_reminder",
        condition=Q(reminder_hours__isnull=True)
        | Q(reminder_hours__gte=REMINDER_HOURS_FEWEST, reminder_hours__lte=REMINDER_HOURS_MOST),
    ),
    models.CheckConstraint(
        name="chk_event_contact_email",
        condition=Q(contact_email="") | Q(contact_email__regex=r"^[^@[:space:]]+@[^@[:space:]]+$"),
    ),
    models.CheckConstraint(
        # Nothing that a browser would run.
        name="chk_event_contact_url",
        condition=Q(contact_url="") | Q(contact_url__regex=r"^https?://[^[:space:]]+$"),
    ),
    models.CheckConstraint(name="chk_event_currency", condition=Q(currency__regex=r"^[A-Z]{3}$")),
    models.UniqueConstraint(fields=["created_by", "source_key"], name="unq_event_source"),
]
