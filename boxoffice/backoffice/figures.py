"""Figures of events: each summed by itself, since joining bookings to the line multiplies both."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
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
from django.db.models.functions import Coalesce, TruncDate

from bookings.models import HOLDING_SEATS, AttemptResult, Booking, BookingAttempt
from events.models import Event, EventStatus
from waitlists.models import EntryStatus, Promotion, PromotionStatus, WaitlistEntry

DAYS_DRAWN = 30
HIGHEST_DEMAND = 8


def _sum_for_event(rows: QuerySet[Any], field: str, output: Any = None) -> Coalesce:
    """Return the sum of a field over an event's rows, as a subquery of its own."""
    summed = (
        rows.filter(event_id=OuterRef("pk"))
        .order_by()
        .values("event_id")
        .annotate(figure=Sum(field))
        .values("figure")
    )
    output = output or IntegerField()
    return Coalesce(Subquery(summed, output_field=output), Value(0, output_field=output))


def with_seats(events: QuerySet[Event]) -> QuerySet[Event]:
    """Annotate `booked`, `held` and `waiting` seats, and how many entries wait (`in_line`)."""
    line = WaitlistEntry.objects.filter(status=EntryStatus.WAITING)
    counted = (
        line.filter(event_id=OuterRef("pk"))
        .order_by()
        .values("event_id")
        .annotate(figure=Count("pk"))
        .values("figure")
    )
    return events.annotate(
        booked=_sum_for_event(Booking.objects.filter(status__in=HOLDING_SEATS), "quantity"),
        held=_sum_for_event(Promotion.objects.filter(status=PromotionStatus.PENDING), "quantity"),
        waiting=_sum_for_event(line, "quantity"),
        in_line=Coalesce(Subquery(counted, output_field=IntegerField()), 0),
    )


def with_revenue(events: QuerySet[Event]) -> QuerySet[Event]:
    """Annotate `revenue`: what living bookings are to pay, or have paid."""
    return events.annotate(
        revenue=_sum_for_event(
            Booking.objects.filter(status__in=HOLDING_SEATS),
            "total_amount",
            DecimalField(max_digits=14, decimal_places=2),
        )
    )


@dataclass(frozen=True)
class Dashboard:
    """An organizer's figures. Money comes by currency, for currencies do not add up.

    sold_by_day: seats booked a day, oldest first. lost: refused attempts of the last 30 days by
    reason, as (reason, attempts, seats). demand: events ahead, most wanted first, with `booked`,
    `held`, `waiting`, `in_line` and `revenue`.
    """

    events_ahead: int
    capacity: int
    seats_free: int
    seats_held: int
    in_line: int
    seats_wanted: int
    revenue: list[tuple[str, Decimal]]
    sold_by_day: list[tuple[date, int]]
    lost: list[tuple[str, int, int]]
    demand: list[Event]

    @property
    def seats_sold(self) -> int:
        """Seats of events ahead that are booked."""
        return self.capacity - self.seats_free - self.seats_held

    @property
    def fill(self) -> float:
        """Share of the seats ahead that are booked or held, 0 to 100."""
        taken = self.capacity - self.seats_free
        return 100 * taken / self.capacity if self.capacity else 0.0


def dashboard(*, user: Any, at: datetime) -> Dashboard:
    """Return the figures of the events that a person organizes, in a fixed number of queries."""
    managed = Event.objects.managed_by(user)
    ahead = managed.filter(status=EventStatus.ACTIVE, published_at__isnull=False, event_date__gt=at)
    totals = ahead.aggregate(
        events=Count("pk"), capacity=Sum("total_capacity"), free=Sum("available_seats")
    )
    held = Promotion.objects.filter(
        status=PromotionStatus.PENDING, event_id__in=ahead.values("pk")
    ).aggregate(seats=Sum("quantity"))
    line = WaitlistEntry.objects.filter(
        status=EntryStatus.WAITING, event_id__in=ahead.values("pk")
    ).aggregate(entries=Count("pk"), seats=Sum("quantity"))
    return Dashboard(
        events_ahead=totals["events"],
        capacity=totals["capacity"] or 0,
        seats_free=totals["free"] or 0,
        seats_held=held["seats"] or 0,
        in_line=line["entries"],
        seats_wanted=line["seats"] or 0,
        revenue=_revenue(managed),
        sold_by_day=_sold_by_day(managed, at=at),
        lost=_lost(managed, since=at - timedelta(days=DAYS_DRAWN)),
        demand=_most_wanted(ahead),
    )


def _revenue(events: QuerySet[Event]) -> list[tuple[str, Decimal]]:
    booked = (
        Booking.objects.filter(status__in=HOLDING_SEATS, event_id__in=events.values("pk"))
        .order_by()
        .values_list("event__currency")
        .annotate(amount=Sum("total_amount"))
        .filter(amount__gt=0)
        .order_by("-amount")
    )
    return [(currency, amount) for currency, amount in booked]


def _sold_by_day(events: QuerySet[Event], *, at: datetime) -> list[tuple[date, int]]:
    first = at.date() - timedelta(days=DAYS_DRAWN - 1)
    rows = (
        Booking.objects.filter(
            status__in=HOLDING_SEATS,
            event_id__in=events.values("pk"),
            created_at__gte=at - timedelta(days=DAYS_DRAWN),
        )
        .order_by()
        .annotate(day=TruncDate("created_at"))
        .values_list("day")
        .annotate(seats=Sum("quantity"))
    )
    sold = dict(rows)
    days = [first + timedelta(days=number) for number in range(DAYS_DRAWN)]
    return [(day, sold.get(day, 0)) for day in days]


def _lost(events: QuerySet[Event], *, since: datetime) -> list[tuple[str, int, int]]:
    rows = (
        BookingAttempt.objects.filter(
            result=AttemptResult.FAILED,
            attempted_at__gte=since,
            event_id__in=events.values("pk"),
        )
        .order_by()
        .values_list("failure_reason")
        # What nobody could have booked anyway is no lost seat.
        .annotate(attempts=Count("pk"), seats=Sum("quantity", filter=Q(quantity__range=(1, 10))))
        .order_by("-attempts", "failure_reason")
    )
    return [(reason, attempts, seats or 0) for reason, attempts, seats in rows]


def _most_wanted(events: QuerySet[Event]) -> list[Event]:
    """Return events by seats booked, held and waited for, as a share of all seats."""
    wanted = (F("booked") + F("held") + F("waiting")) * 1.0 / F("total_capacity")
    return list(
        with_revenue(with_seats(events))
        .annotate(wanted=wanted)
        .order_by("-wanted", "event_date", "id")[:HIGHEST_DEMAND]
    )
