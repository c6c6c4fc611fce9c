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
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import (
    Count,
    DateTimeField,
    DecimalField,
    F,
    FloatField,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Cast, Coalesce

from bookings.models import (
    HOLDING_SEATS,
    ArchivedTotals,
    Booking,
    BookingStatus,
)
from bookings.queries import Sums, sums_of_event
from boxoffice.figures.reading import attempts_by_outcome, done_until, figures_until
from evently.database.functions import Among, Ids
from events.models import Event, Resolution, RollUp
from events.querysets import is_upcoming
from waitlists.models import Promotion, PromotionStatus, WaitlistEntry

DAYS_DRAWN = 30
HIGHEST_DEMAND = 8
AMOUNT = DecimalField(max_digits=18, decimal_places=2)
# The dashboard adds up the bookings of so many seats, and looks at so many events for them.
MOST_SEATS_ADDED = 50_000
MOST_EVENTS_ADDED = 1_000


def _holding_seats() -> QuerySet[Booking]:
    return Booking.objects.holding_seats()


def _open_offers() -> QuerySet[Promotion]:
    return Promotion.objects.filter(status=PromotionStatus.PENDING)


def _waiting() -> QuerySet[WaitlistEntry]:
    return WaitlistEntry.objects.waiting()


# ── One event ───────────────────────────────────────────────────────────────
def event_analytics(event: Event, *, rolled_up: list[RollUp] | None = None) -> dict[str, Any]:
    """Return the figures of one event, by the fields of AnalyticsRepresentation; four queries.

    rolled_up: how far figures are rolled up, if it is known already, which saves one.
    """
    if rolled_up is None:
        until = figures_until(Resolution.DAY)
    else:
        until = done_until(rolled_up, Resolution.DAY)
    sums = sums_of_event(event.pk)
    held = sum((sums[status] for status in HOLDING_SEATS), Sums())
    sales = {
        "booked_seats": held.seats,
        "bookings": held.bookings,
        "cancelled_bookings": sums[BookingStatus.CANCELLED].bookings,
        "revenue": sums[BookingStatus.CONFIRMED].amount,
    }
    held_seats, waited_for = _held_and_waited_for(Event.objects.filter(pk=event.pk))
    return {
        "event": event.pk,
        "total_capacity": event.total_capacity,
        "available_seats": event.available_seats,
        "current_price": event.current_price,
        "currency": event.currency,
        **sales,
        "held_seats": held_seats,
        "waiting_entries": sum(one.waiting_entries for one in waited_for),
        "waiting_seats": sum(one.waiting_seats for one in waited_for),
        "attempts": attempts_by_outcome(event, until=until),
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
    live = _per_event(Booking.objects.with_archived().holding_seats(), Sum("total_amount"), AMOUNT)
    in_cold = ArchivedTotals.objects.filter(status__in=HOLDING_SEATS)
    return events.annotate(booked_value=live + _per_event(in_cold, Sum("amount"), AMOUNT))


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

    all_events: how many, past ones and drafts included.
    booked_value: by currency; valued_events: of so many next events, None for all upcoming ones.
    sold_by_day: as of `sold_by_day`, over all events. highest_demand: events with the annotations
    of `with_seats` and `with_booked_value`, and `demand`, a share of the capacity.
    """

    all_events: int
    upcoming_events: int
    capacity: int
    free_seats: int
    held_seats: int
    waiting_entries: int
    waiting_seats: int
    booked_value: list[tuple[str, Decimal]]
    valued_events: int | None
    sold_by_day: list[tuple[date, int]]
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
    """Return the figures of the events that a user manages, in at most seven queries."""
    managed = Event.objects.managed_by(user)
    upcoming = managed.upcoming(at=at)
    ahead = is_upcoming(at)
    seats = managed.aggregate(
        all=Count("pk"),
        events=Count("pk", filter=ahead),
        capacity=Sum("total_capacity", default=0, filter=ahead),
        free=Sum("available_seats", default=0, filter=ahead),
    )
    held_seats, waited_for = _held_and_waited_for(upcoming)
    is_much = seats["capacity"] - seats["free"] > MOST_SEATS_ADDED
    valued = _next_events(upcoming) if is_much else None
    # Superusers manage all events, which need no list of them.
    of = None if user.is_superuser else managed
    return DashboardFigures(
        all_events=seats["all"],
        upcoming_events=seats["events"],
        capacity=seats["capacity"],
        free_seats=seats["free"],
        held_seats=held_seats,
        waiting_entries=sum(event.waiting_entries for event in waited_for),
        waiting_seats=sum(event.waiting_seats for event in waited_for),
        booked_value=_booked_value(
            upcoming if valued is None else Event.objects.filter(pk__in=valued)
        ),
        valued_events=None if valued is None else len(valued),
        sold_by_day=sold_by_day(of, at=at),
        highest_demand=_highest_demand(upcoming, waited_for=waited_for),
    )


def _next_events(upcoming: QuerySet[Event]) -> list[UUID]:
    """Return the events that start next, as many as have `MOST_SEATS_ADDED`, or the first one."""
    taken = F("total_capacity") - F("available_seats")
    rows = upcoming.order_by("event_date", "id").values_list("pk", taken)[:MOST_EVENTS_ADDED]
    found: list[UUID] = []
    total = 0
    for pk, seats in rows:
        total += seats
        if found and total > MOST_SEATS_ADDED:
            break
        found.append(pk)
    return found


def _booked_value(events: QuerySet[Event]) -> list[tuple[str, Decimal]]:
    """Return the booked value of events by currency, the highest first."""
    # By event, without joining it to each booking.
    booked = _per_event(_holding_seats(), Sum("total_amount"), AMOUNT)
    totals = (
        events.filter(available_seats__lt=F("total_capacity"))
        .annotate(booked=booked)
        .order_by()
        .values_list("currency")
        .annotate(total=Sum("booked"))
    )
    return sorted(((name, total) for name, total in totals if total), key=lambda row: -row[1])


def sold_by_day(events: QuerySet[Event] | None, *, at: datetime) -> list[tuple[date, int]]:
    """Return the seats booked on each of the last 30 days, oldest first. events: None for all.

    A booking counts for the day it was made on, by the calendar of its event, also if it was
    cancelled later: what was sold on a day does not change when an event is cancelled.
    """
    rows = (
        _of(events, Booking.objects.filter(created_at__gte=at - timedelta(days=DAYS_DRAWN + 1)))
        .order_by()
        .annotate(quarter=_QuarterHour("created_at"))
        .values_list("event__timezone", "quarter")
        .annotate(seats=Sum("quantity"))
    )
    # Local days begin at quarters of an hour, and there are fewer of these than bookings.
    sold: dict[date, int] = {}
    for zone, quarter, seats in rows:
        day = quarter.astimezone(ZoneInfo(zone)).date()
        sold[day] = sold.get(day, 0) + seats
    # East of Greenwich, the day may be the next already.
    last = max([at.astimezone(UTC).date(), *sold])
    days = [last - timedelta(days=number) for number in range(DAYS_DRAWN)][::-1]
    return [(day, sold.get(day, 0)) for day in days]


class _QuarterHour(Func):
    """The beginning of the quarter of an hour that a moment lies in."""

    template = "date_bin('15 minutes', %(expressions)s, timestamptz '2000-01-01 00:00:00+00')"
    output_field = DateTimeField()


def _of(events: QuerySet[Event] | None, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Keep the rows of some events; of all, for None."""
    return rows if events is None else rows.filter(event_id__in=events.values("pk"))


@dataclass(frozen=True)
class _WaitedFor:
    """An event with entries that wait. demand: as in `with_demand`."""

    id: UUID
    waiting_entries: int
    waiting_seats: int
    demand: float


def _held_and_waited_for(events: QuerySet[Event]) -> tuple[int, list[_WaitedFor]]:
    """Return the seats that open offers hold, and the events with entries that wait.

    Those in highest demand come first. One query for both.
    """
    ids = events.order_by().values("pk")
    offers, waiting = (
        rows.filter(event_id__in=ids)
        .order_by()
        .values_list(Value(is_offer), "event_id", "event__total_capacity", "event__available_seats")
        .annotate(Count("pk"), Sum("quantity"))
        for is_offer, rows in ((True, _open_offers()), (False, _waiting()))
    )
    held, waited_for = 0, []
    for is_offer, pk, total, free, number, seats in offers.union(waiting, all=True):
        if is_offer:
            held += seats
        else:
            waited_for.append(_WaitedFor(pk, number, seats, (total - free + seats) / total))
    return held, sorted(waited_for, key=lambda event: -event.demand)


def _highest_demand(events: QuerySet[Event], *, waited_for: list[_WaitedFor]) -> list[Event]:
    """Return events by seats booked, held and waited for, as a share of the capacity.

    Without entries that wait, the share of seats that are taken decides: so entries are counted
    for few events. waited_for: those that have entries, as of `_held_and_waited_for`. One query.
    """
    taken = F("total_capacity") - F("available_seats")
    by_seats = events.annotate(share=Cast(taken, FloatField()) / F("total_capacity"))
    fullest = by_seats.order_by("-share", "event_date", "id").values("pk")[:HIGHEST_DEMAND]
    candidates = Q(Among(F("pk"), Ids(fullest))) | Q(
        pk__in=[event.id for event in waited_for[:HIGHEST_DEMAND]]
    )
    highest: Any = with_booked_value(with_demand(events.filter(candidates)))
    return list(highest.order_by("-demand", "event_date", "id")[:HIGHEST_DEMAND])


def with_demand(events: QuerySet[Event]) -> QuerySet[Event]:
    """Annotate `demand`, and what `with_seats` does."""
    wanted = F("booked_seats") + F("held_seats") + F("waiting_seats")
    return with_seats(events).annotate(demand=wanted * 1.0 / F("total_capacity"))
