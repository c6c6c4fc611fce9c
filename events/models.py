"""Events, their price history, their staff and their metrics.

The database maintains seats, versions and the price history (`events/sql/`, `waitlists/sql/`):
`available_seats` follows bookings and promotions, whatever a client writes into it.
"""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.indexes import GistIndex
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce, Now

from evently.database.models import Identified
from evently.database.money import MoneyField
from events.constraints import (
    CANCELLATION_BEFORE_PAID_EVENT,
    EVENT_CONSTRAINTS,
    LONGEST_WINDOW_MINUTES,
    PRICE_LIMIT,
    REMINDER_HOURS,
    SEATS_PER_BOOKING,
    SEATS_PER_PLACE,
    EventStatus,
    PassRule,
    PaymentMode,
    UnansweredPolicy,
)
from events.import_models import EventImport, EventImportRow
from events.local_days import LocalDays
from events.metric_models import (
    EventMetric,
    LostDemand,
    LostDemandState,
    Outcome,
    Resolution,
    RollUp,
)
from events.online import is_online_venue
from events.price_models import PriceBounds, PriceChange
from events.pricing_models import PriceRule
from events.querysets import EventQuerySet, managed_by, over_by
from events.search.models import EventWords, SearchWord
from events.staff_models import EventStaff, StaffRole
from events.states import EventState

__all__ = [
    "LONGEST_WINDOW_MINUTES",
    "PRICE_LIMIT",
    "SEATS_PER_BOOKING",
    "SEATS_PER_PLACE",
    "Event",
    "EventImport",
    "EventImportRow",
    "EventMetric",
    "EventQuerySet",
    "EventStaff",
    "EventStatus",
    "EventWords",
    "LostDemand",
    "LostDemandState",
    "Outcome",
    "PassRule",
    "PaymentMode",
    "PriceBounds",
    "PriceChange",
    "PriceRule",
    "Resolution",
    "RollUp",
    "SearchWord",
    "StaffRole",
    "UnansweredPolicy",
    "managed_by",
    "over_by",
]


class Event(Identified):
    """Something that takes place at a venue and time, and has seats.

    Triggers: `trg_events_insert` and `trg_events_update` (seats, version), `trg_events_price` and
    `trg_events_price_bounds` (price history), `trg_events_price_rule` and
    `trg_events_price_suspended` (the price rule), `trg_event_money` (currency and decimals of
    prices), `trg_events_searched` (what the search looks up).
    """

    name = models.CharField(max_length=255)
    description = models.TextField(blank=True, db_default="", default="")
    venue = models.CharField(max_length=255)
    event_date = models.DateTimeField("starts at")
    ends_at = models.DateTimeField(null=True, blank=True)
    is_online = models.BooleanField(
        "online", default=False, db_default=False, help_text="It takes place online only."
    )
    timezone = models.CharField("time zone", max_length=64, db_default="UTC", default="UTC")
    total_capacity = models.PositiveIntegerField("seats")
    available_seats = models.PositiveIntegerField(editable=False, db_default=0)
    base_price = MoneyField(default=Decimal("0.00"), db_default=Decimal("0.00"))
    # Left out on insert, the database sets it to the base price.
    current_price = MoneyField(blank=True)
    # Between which the price moves while a rule is active; kept by the database.
    price_floor = MoneyField(null=True, blank=True, editable=False)
    price_ceiling = MoneyField(null=True, blank=True, editable=False)
    currency = models.CharField(max_length=3, default="EUR", db_default="EUR")
    status = models.TextField(
        choices=EventStatus, default=EventStatus.ACTIVE, db_default=EventStatus.ACTIVE
    )
    published_at = models.DateTimeField(null=True, blank=True)
    sales_start_at = models.DateTimeField("sales start", null=True, blank=True)
    sales_end_at = models.DateTimeField("sales end", null=True, blank=True)
    cancellation_deadline = models.DateTimeField(null=True, blank=True)
    refund_policy = models.TextField(blank=True, db_default="", default="")
    payment_mode = models.TextField(
        choices=PaymentMode, default=PaymentMode.DOOR, db_default=PaymentMode.DOOR
    )
    payment_instructions = models.TextField(blank=True, db_default="", default="")
    payment_days = models.PositiveSmallIntegerField(default=7, db_default=7)
    max_per_booking = models.PositiveSmallIntegerField(
        default=SEATS_PER_BOOKING, db_default=SEATS_PER_BOOKING
    )
    max_per_person = models.PositiveSmallIntegerField(null=True, blank=True)
    promotion_window_minutes = models.PositiveIntegerField(null=True, blank=True)
    # Seats per place on the waitlist, and per booking while an entry waits; None: SEATS_PER_PLACE.
    max_per_place = models.SmallIntegerField(null=True, blank=True)
    # After so many passes a waitlist entry reserves (`waitlists.choosing`); None: never.
    max_passes = models.SmallIntegerField(
        null=True,
        blank=True,
        choices=PassRule,
        default=PassRule.BOUNDED,
        db_default=PassRule.BOUNDED,
    )
    waitlist_until_start = models.BooleanField(
        "waitlist until the start", default=False, db_default=False
    )
    # Until when a pending draw can be joined (`waitlists.draw_models`); kept by the database.
    draw_closes_at = models.DateTimeField(null=True, blank=True, editable=False)
    # So many days before the start, attendees are asked whether they are still coming; None: never.
    ask_days_before = models.SmallIntegerField(null=True, blank=True)
    unanswered_policy = models.TextField(
        choices=UnansweredPolicy,
        default=UnansweredPolicy.KEEP,
        db_default=UnansweredPolicy.KEEP,
    )
    # So many hours before the start, attendees are reminded (`events.reminders`); None: never.
    reminder_hours = models.SmallIntegerField(
        null=True, blank=True, default=REMINDER_HOURS, db_default=REMINDER_HOURS
    )
    # Whether attendees are thanked the day after its end.
    sends_thanks = models.BooleanField("thank attendees", default=True, db_default=True)
    # How attendees reach the organizer: published with the event.
    contact_email = models.CharField(max_length=254, blank=True, db_default="", default="")
    contact_url = models.CharField(
        max_length=500,
        blank=True,
        db_default="",
        default="",
        validators=[URLValidator(schemes=["http", "https"])],
    )
    shows_organizer_email = models.BooleanField(
        "show my own email address", default=False, db_default=False
    )
    cancel_reason = models.TextField(blank=True, db_default="", default="", editable=False)
    # What the latest change of a published event was announced with (`events.changes`).
    last_change = models.JSONField(null=True, blank=True, editable=False)
    source_key = models.TextField(null=True, blank=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="created_events",
        db_constraint=False,
        db_index=False,
        editable=False,
    )
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = EventQuerySet.as_manager()

    class Meta:
        db_table = "events"
        constraints = EVENT_CONSTRAINTS
        indexes = [
            models.Index(
                fields=["event_date", "status"],
                name="idx_events_date_status",
                condition=Q(status="active"),
            ),
            models.Index(
                # With what the search filters by, so that it walks the index and not the rows.
                # Seats are left out: an update of an indexed column would cost each booking more.
                fields=["event_date", "id"],
                include=["ends_at", "timezone", "current_price", "sales_start_at", "sales_end_at"],
                name="idx_events_upcoming",
                condition=Q(status="active", published_at__isnull=False),
            ),
            models.Index(
                fields=["name", "id"],
                name="idx_events_name",
                condition=Q(status="active", published_at__isnull=False),
            ),
            models.Index(
                fields=["current_price", "id"],
                name="idx_events_price",
                condition=Q(status="active", published_at__isnull=False),
            ),
            models.Index(
                fields=["id"], name="idx_events_cancelled", condition=Q(status="cancelled")
            ),
            models.Index(fields=["created_by", "event_date"], name="idx_events_created_by"),
            models.Index(
                fields=["event_date"],
                name="idx_events_asking",
                condition=Q(status="active", ask_days_before__isnull=False),
            ),
            models.Index(
                Coalesce("ends_at", "event_date"),
                name="idx_events_ended",
                condition=Q(sends_thanks=True, published_at__isnull=False) & ~Q(status="cancelled"),
            ),
            models.Index(
                fields=["event_date"],
                name="idx_events_drafts",
                condition=Q(status="active", published_at__isnull=True),
            ),
            models.Index(
                fields=["sales_start_at"],
                name="idx_events_sales_start",
                condition=Q(status="active", sales_start_at__isnull=False),
            ),
            GistIndex(LocalDays(), name="idx_events_local_days"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which the event's times are shown."""
        return ZoneInfo(self.timezone)

    @property
    def starts_locally(self) -> datetime:
        return self.event_date.astimezone(self.zone)

    @property
    def ends_locally(self) -> datetime | None:
        return self.ends_at.astimezone(self.zone) if self.ends_at else None

    @property
    def takes_place_online(self) -> bool:
        """Whether it says so, or its venue is nothing but a link or a word such as "Online"."""
        return self.is_online or is_online_venue(self.venue)

    @property
    def is_published(self) -> bool:
        return self.published_at is not None

    @property
    def state(self) -> EventState:
        """Its status, with `active` told apart: `draft` until it is published."""
        if not self.is_active:
            return EventState(self.status)
        return EventState.PUBLISHED if self.is_published else EventState.DRAFT

    @property
    def is_cancelled(self) -> bool:
        return self.status == EventStatus.CANCELLED

    @property
    def is_active(self) -> bool:
        """Whether it is neither cancelled nor completed."""
        return self.status == EventStatus.ACTIVE

    def has_started(self, *, at: datetime) -> bool:
        return self.event_date <= at

    def is_over(self, *, at: datetime) -> bool:
        """Tell whether it is completed, or past its end (its start, where no end is set)."""
        return self.status == EventStatus.COMPLETED or (self.ends_at or self.event_date) <= at

    @property
    def is_free(self) -> bool:
        """Whether a seat currently costs nothing."""
        return self.current_price == 0

    @property
    def price_moves(self) -> bool:
        """Whether its price moves by a rule, between `price_floor` and `price_ceiling`."""
        return self.price_ceiling is not None

    @property
    def sales_open_at(self) -> datetime | None:
        """When sales open or opened: once published, from `sales_start_at`; None for drafts."""
        if self.published_at is None or self.sales_start_at is None:
            return self.published_at
        return max(self.published_at, self.sales_start_at)

    @property
    def sales_close_at(self) -> datetime:
        """When sales end: at `sales_end_at`, at the latest at the start."""
        return min(self.sales_end_at or self.event_date, self.event_date)

    @property
    def line_closes_at(self) -> datetime:
        """Until when its waitlist is offered seats: with sales, or until the start."""
        return self.event_date if self.waitlist_until_start else self.sales_close_at

    @property
    def place_limit(self) -> int:
        """The most seats that one place on its waitlist can ask for."""
        return min(self.max_per_place or SEATS_PER_PLACE, self.max_per_booking)

    @property
    def most_to_wait_for(self) -> int:
        """The most seats that can be waited for: those of one place, if the event has so many."""
        return min(self.place_limit, self.total_capacity)

    @property
    def cancellable_until(self) -> datetime:
        """Until when attendees can cancel: the deadline, at the latest the start."""
        if self.cancellation_deadline is not None:
            return min(self.cancellation_deadline, self.event_date)
        if self.base_price == 0 and self.current_price == 0:
            return self.event_date
        return self.event_date - CANCELLATION_BEFORE_PAID_EVENT

    @property
    def has_pending_draw(self) -> bool:
        """Whether its seats wait for a draw: none are sold or offered until then."""
        return self.draw_closes_at is not None

    def is_before_sales(self, *, at: datetime) -> bool:
        """Tell whether sales have a start that is still to come."""
        return self.sales_start_at is not None and self.sales_start_at > at

    def is_line_open(self, *, at: datetime) -> bool:
        """Tell whether its waitlist is offered seats."""
        return (
            self.is_active
            and self.published_at is not None
            and self.published_at <= at
            and not self.is_before_sales(at=at)
            and at < self.line_closes_at
        )

    def is_on_sale(self, *, at: datetime) -> bool:
        """Tell whether the event takes bookings, apart from whether seats are left."""
        return (
            self.is_active
            and self.published_at is not None
            and self.published_at <= at
            and not self.is_before_sales(at=at)
            and at < self.sales_close_at
        )
