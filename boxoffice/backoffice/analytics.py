"""The figures of events: every sum of seats, entries and money in the back office.

Each figure is summed by itself: joining bookings, offers and waitlist entries in one query would
multiply one by the other.

Two sums of money differ, and both are needed:
- booked value: what all bookings that hold seats amount to, paid or not (admin, "Booked value");
- revenue: confirmed bookings only (API, `revenue`).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import (
    Count,
    DecimalField,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce

from bookings.models import (
    HOLDING_SEATS,
    AttemptResult,
    Booking,
    BookingAttempt,
    BookingStatus,
)
from events.local_days import LocalDate
from events.models import SEATS_PER_BOOKING, Event
from waitlists.models import Promotion, PromotionStatus, WaitlistEntry

DAYS_DRAWN = 30
HIGHEST_DEMAND = 8
NO_MONEY = Decimal("0.00")


def _holding_seats() -> QuerySet[Booking]:
    return Booking.objects.holding_seats()


def _open_offers() -> QuerySet[Promotion]:
    return Promotion.objects.filter(status=PromotionStatus.PENDING)


def _waiting() -> QuerySet[WaitlistEntry]:
    return WaitlistEntry.objects.waiting()


# ── One event ───────────────────────────────────────────────────────────────
def event_analytics(event: Event) -> dict[str, Any]:
    """Return the figures of one event, by the fields of AnalyticsRepresentation; four queries."""
    holding = Q(status__in=HOLDING_SEATS)
    sales = Booking.objects.filter(event_id=event.pk).aggregate(
        booked_seats=Coalesce(Sum("quantity", filter=holding), 0),
        bookings=Count("id", filter=holding),
        cancelled_bookings=Count("id", filter=Q(status=BookingStatus.CANCELLED)),
        revenue=Coalesce(Sum("total_amount", filter=Q(status=BookingStatus.CONFIRMED)), NO_MONEY),
    )
    offers = (
        _open_offers().filter(event_id=event.pk).aggregate(held_seats=Coalesce(Sum("quantity"), 0))
    )
    waitlist = (
        _waiting()
        .filter(event_id=event.pk)
        .aggregate(waiting_entries=Count("id"), waiting_seats=Coalesce(Sum("quantity"), 0))
    )
    attempts = (
        BookingAttempt.objects.filter(event_id=event.pk)
        .values("result", "failure_reason")
        .annotate(number=Count("id"))
        .order_by("result", "failure_reason")
    )
    return {
        "event": event.pk,
        "total_capacity": event.total_capacity,
        "available_seats": event.available_seats,
        "current_price": event.current_price,
        "currency": event.currency,
        **sales,
        **offers,
        **waitlist,
        "attempts": {row["failure_reason"] or row["result"]: row["number"] for row in attempts},
    }


# ── Lists of events ─────────────────────────────────────────────────────────
def with_seats(events: QuerySet[Event]) -> QuerySet[Event]:
    """Annotate `booked_seats`, `held_seats`, `waiting_entries` and `waiting_seats`.

    The database keeps booked, held and available seats equal to the capacity, so the bookings of an
    event, which may be many, are not summed for this.
    """
    return events.annotate(
        held_seats=_per_event(_open_offers(), Sum("quantity")),
        booked_seats=F("total_capacity") - F("available_seats") - F("held_seats"),
        waiting_entries=_per_event(_waiting(), Count("pk")),
        waiting_seats=_per_event(_waiting(), Sum("quantity")),
    )


def with_booked_value(events: QuerySet[Event]) -> QuerySet[Event]:
    """Annotate `booked_value`, in the currency of each event."""
    amount = DecimalField(max_digits=14, decimal_places=2)
    return events.annotate(booked_value=_per_event(_holding_seats(), Sum("total_amount"), amount))


def _per_event(rows: QuerySet[Any], aggregate: Any, output: Any = None) -> Coalesce:
    """Return an aggregate over the rows of the outer event, as a subquery of its own."""
    output = output or IntegerField()
    figure = (
        rows.filter(event_id=OuterRef("pk"))
        .order_by()
        .values("event_id")
        .annotate(figure=aggregate)
        .values("figure")
    )
    return Coalesce(Subquery(figure, output_field=output), Value(0, output_field=output))


# ── The dashboard ───────────────────────────────────────────────────────────
@dataclass(frozen=True)
class DashboardFigures:
    """The figures of the events that one organizer manages; upcoming events unless noted.

    booked_value: by currency. sold_by_day: as of `sold_by_day`, over all events. lost_demand: as of
    `lost_demand`, over all events. highest_demand: events with the annotations of `with_seats` and
    `with_booked_value`, and `demand`, a share of the capacity.
    """

    upcoming_events: int
    capacity: int
    free_seats: int
    held_seats: int
    waiting_entries: int
    waiting_seats: int
    booked_value: list[tuple[str, Decimal]]
    sold_by_day: list[tuple[date, int]]
    lost_demand: list[tuple[str, int, int]]
    highest_demand: list[Event]

    @property
    def seats_sold(self) -> int:
        return self.capacity - self.free_seats - self.held_seats

    @property
    def fill(self) -> float:
        """The percentage of seats that are booked or held."""
        taken = self.capacity - self.free_seats
        return 100 * taken / self.capacity if self.capacity else 0.0


def dashboard_figures(*, user: Any, at: datetime) -> DashboardFigures:
    """Return the figures of the events that a user manages, in a fixed number of queries."""
    managed = Event.objects.managed_by(user)
    upcoming = managed.upcoming(at=at)
    seats = upcoming.aggregate(
        events=Count("pk"), capacity=Sum("total_capacity"), free=Sum("available_seats")
    )
    offers = (
        _open_offers().filter(event_id__in=upcoming.values("pk")).aggregate(seats=Sum("quantity"))
    )
    waitlist = (
        _waiting()
        .filter(event_id__in=upcoming.values("pk"))
        .aggregate(entries=Count("pk"), seats=Sum("quantity"))
    )
    return DashboardFigures(
        upcoming_events=seats["events"],
        capacity=seats["capacity"] or 0,
        free_seats=seats["free"] or 0,
        held_seats=offers["seats"] or 0,
        waiting_entries=waitlist["entries"],
        waiting_seats=waitlist["seats"] or 0,
        booked_value=_booked_value(upcoming),
        sold_by_day=sold_by_day(managed, at=at),
        lost_demand=lost_demand(managed, since=at - timedelta(days=DAYS_DRAWN)),
        highest_demand=_highest_demand(upcoming),
    )


def _booked_value(events: QuerySet[Event]) -> list[tuple[str, Decimal]]:
    amounts = (
        _holding_seats()
        .filter(event_id__in=events.values("pk"))
        .order_by()
        .values_list("event__currency")
        .annotate(amount=Sum("total_amount"))
        .filter(amount__gt=0)
        .order_by("-amount")
    )
    return [(currency, amount) for currency, amount in amounts]


def sold_by_day(events: QuerySet[Event], *, at: datetime) -> list[tuple[date, int]]:
    """Return the seats booked on each of the last 30 days, oldest first.

    A booking counts for the day it was made on, by the calendar of its event, also if it was
    cancelled later: what was sold on a day does not change when an event is cancelled.
    """
    rows = (
        Booking.objects.filter(
            event_id__in=events.values("pk"),
            created_at__gte=at - timedelta(days=DAYS_DRAWN + 1),
        )
        .order_by()
        .annotate(day=LocalDate("created_at", zone="event__timezone"))
        .values_list("day")
        .annotate(seats=Sum("quantity"))
    )
    sold = dict(rows)
    # East of Greenwich, the day may be the next already.
    last = max([at.astimezone(UTC).date(), *sold])
    days = [last - timedelta(days=number) for number in range(DAYS_DRAWN)][::-1]
    return [(day, sold.get(day, 0)) for day in days]


def lost_demand(events: QuerySet[Event], *, since: datetime) -> list[tuple[str, int, int]]:
    """Return the refused attempts since a time, as (reason, attempts, seats), most first."""
    # A quantity that no booking can have is not demand for that many seats.
    possible = Q(quantity__range=(1, SEATS_PER_BOOKING))
    rows = (
        BookingAttempt.objects.filter(
            result=AttemptResult.FAILED,
            attempted_at__gte=since,
            event_id__in=events.values("pk"),
        )
        .order_by()
        .values_list("failure_reason")
        .annotate(attempts=Count("pk"), seats=Sum("quantity", filter=possible))
        .order_by("-attempts", "failure_reason")
    )
    return [(reason, attempts, seats or 0) for reason, attempts, seats in rows]


def _highest_demand(events: QuerySet[Event]) -> list[Event]:
    """Return events by seats booked, held and waited for, as a share of the capacity."""
    wanted = F("booked_seats") + F("held_seats") + F("waiting_seats")
    return list(
        with_booked_value(with_seats(events))
        .annotate(demand=wanted * 1.0 / F("total_capacity"))
        .order_by("-demand", "event_date", "id")[:HIGHEST_DEMAND]
    )
