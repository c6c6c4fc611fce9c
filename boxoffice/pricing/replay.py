"""A price rule replayed over sales of the past: what it would have asked for the same seats.

This is no forecast. The same people are taken to have booked the same seats at the same times,
whatever they cost: a higher price would have turned some of them away, a lower one would have
brought others. A seat is counted at the price of its moment; quotes and offers, which keep a lower
earlier price, are left out. Seats that were given free of charge stay free.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from operator import itemgetter
from typing import Generic, TypeVar

from events.pricing.reasons import reason
from events.pricing.rule import DAY, WEEK, Demand, Pressure, RuleSettings, next_price, pressure

# So many moments of a time on sale are looked at, at most; and none closer than this.
MOMENTS = 400
CLOSEST = timedelta(minutes=5)
NOTHING = Decimal(0)

Number = TypeVar("Number", int, Decimal)


@dataclass(frozen=True)
class Span:
    """Seats that were held, or waited for, from a time on. until: None if they still are."""

    since: datetime
    until: datetime | None
    seats: int


@dataclass(frozen=True)
class Sale(Span):
    """Seats that were booked, and until when they stayed so. unit_price: of each, as booked."""

    unit_price: Decimal


@dataclass(frozen=True)
class Timeline:
    """What happened at an event while it was on sale.

    until: how far it is known; at the latest the end of sales. prices: of a seat, from a time on,
    in order; the first one from the beginning.
    """

    sales_open_at: datetime
    sales_close_at: datetime
    until: datetime
    capacity: int
    sales: Sequence[Sale]
    held: Sequence[Span]
    waiting: Sequence[Span]
    prices: Sequence[tuple[datetime, Decimal]]


@dataclass(frozen=True)
class Point:
    """One moment of a replay: as it was, and with the rule.

    planned: seats that the rule's sales plan expects by then. revenue: of the seats booked until
    then and not returned.
    """

    at: datetime
    seats: int
    planned: int
    price_was: Decimal
    price: Decimal
    revenue_was: Decimal
    revenue: Decimal


@dataclass(frozen=True)
class Change:
    """A change of the price that the rule would have made. reason: as of `reason`."""

    at: datetime
    old: Decimal
    new: Decimal
    reason: str


@dataclass(frozen=True)
class Replay:
    """A rule over a timeline. points: at least two, in order; the last one has the totals.

    revenue_at_start_price: of the same seats if the price had stayed as the rule began.
    """

    points: Sequence[Point]
    changes: Sequence[Change]
    start_price: Decimal
    revenue_at_start_price: Decimal

    @property
    def last(self) -> Point:
        return self.points[-1]


class _Level(Generic[Number]):
    """A number that changes at times."""

    def __init__(self, changes: Iterable[tuple[datetime, Number]], *, zero: Number) -> None:
        ordered = sorted(changes, key=itemgetter(0))
        self.times = [at for at, _ in ordered]
        self.totals: list[Number] = list(accumulate((step for _, step in ordered), initial=zero))

    def at(self, time: datetime) -> Number:
        return self.totals[bisect_right(self.times, time)]


class _Prices:
    """A price that holds until the next one."""

    def __init__(self, prices: Sequence[tuple[datetime, Decimal]]) -> None:
        self.times = [at for at, _ in prices]
        self.prices = [price for _, price in prices]

    def at(self, time: datetime) -> Decimal:
        return self.prices[max(bisect_right(self.times, time) - 1, 0)]

    def add(self, time: datetime, price: Decimal) -> None:
        self.times.append(time)
        self.prices.append(price)


def replay(settings: RuleSettings, timeline: Timeline) -> Replay:
    """Return what a rule would have done, looked at in at most `MOMENTS` moments.

    The rule begins with its base price. Where changes may be closer to each other than moments
    are, a moment takes as many steps as would have been possible since the one before.
    """
    start = min(max(settings.base_price, settings.floor), settings.ceiling)
    prices = _Prices([(timeline.sales_open_at, start)])
    length = max(timeline.until - timeline.sales_open_at, timedelta(0))
    pause = max(length / MOMENTS, CLOSEST)
    steps = max(pause // settings.min_interval, 1)
    demand_at = _demand(timeline)
    demands = [demand_at(at) for at in _moments(timeline, pause)]
    changes: list[Change] = []
    for demand in demands[1:]:
        waits = changes and demand.at - changes[-1].at < settings.min_interval
        if waits or demand.at >= timeline.sales_close_at:
            continue
        change = _change(settings, demand, price=prices.prices[-1], steps=steps)
        if change is not None:
            changes.append(change)
            prices.add(change.at, change.new)
    kept = [sale for sale in timeline.sales if sale.until is None or sale.until > timeline.until]
    return Replay(
        points=_points(settings, timeline, prices, demands),
        changes=changes,
        start_price=start,
        revenue_at_start_price=start * sum(sale.seats for sale in kept if sale.unit_price),
    )


def _moments(timeline: Timeline, pause: timedelta) -> Iterator[datetime]:
    """Yield times from the beginning to the end, both included."""
    at = timeline.sales_open_at
    while at < timeline.until:
        yield at
        at += pause
    yield max(timeline.sales_open_at, timeline.until)


def _change(settings: RuleSettings, demand: Demand, *, price: Decimal, steps: int) -> Change | None:
    found: Pressure = pressure(settings, demand)
    new = price
    for _ in range(steps):
        before, new = new, next_price(settings, price=new, total=found.total)
        if new == before:
            break
    if new == price:
        return None
    return Change(demand.at, price, new, reason(demand, found, old=price, new=new))


def _demand(timeline: Timeline) -> Callable[[datetime], Demand]:
    """Return the function for the demand at a time."""
    taken = _Level(_steps([*timeline.sales, *timeline.held]), zero=0)
    last_day = _Level(_steps(_recent(timeline.sales, DAY)), zero=0)
    last_week = _Level(_steps(_recent(timeline.sales, WEEK)), zero=0)
    waiting = _Level(_steps(timeline.waiting), zero=0)

    def demand_at(at: datetime) -> Demand:
        return Demand(
            at=at,
            sales_open_at=timeline.sales_open_at,
            sales_close_at=timeline.sales_close_at,
            capacity=timeline.capacity,
            taken=taken.at(at),
            sold_last_day=last_day.at(at),
            sold_last_week=last_week.at(at),
            waiting_seats=waiting.at(at),
        )

    return demand_at


def _steps(spans: Iterable[Span]) -> Iterator[tuple[datetime, int]]:
    for span in spans:
        yield span.since, span.seats
        if span.until is not None:
            yield span.until, -span.seats


def _recent(sales: Iterable[Sale], window: timedelta) -> Iterator[Span]:
    """Yield the spans in which sales count as recent: until they are returned, or too long ago."""
    for sale in sales:
        until = sale.since + window
        yield Span(sale.since, until if sale.until is None else min(until, sale.until), sale.seats)


def _points(
    settings: RuleSettings, timeline: Timeline, prices: _Prices, demands: Sequence[Demand]
) -> list[Point]:
    before = _Prices(timeline.prices)
    sold = _Level(_steps(timeline.sales), zero=0)
    revenue_was = _Level(_amounts(timeline.sales), zero=NOTHING)
    revenue = _Level(_amounts(timeline.sales, prices), zero=NOTHING)
    expected = settings.expected_share * timeline.capacity
    return [
        Point(
            at=demand.at,
            seats=sold.at(demand.at),
            planned=round(expected * settings.plan.share(demand.elapsed(demand.at))),
            price_was=before.at(demand.at),
            price=prices.at(demand.at),
            revenue_was=revenue_was.at(demand.at),
            revenue=revenue.at(demand.at),
        )
        for demand in demands
    ]


def _amounts(
    sales: Iterable[Sale], prices: _Prices | None = None
) -> Iterator[tuple[datetime, Decimal]]:
    """Yield what sales bring in, and what returned seats take back. prices: None for as it was."""
    for sale in sales:
        unit_price = sale.unit_price
        if prices is not None and unit_price:
            unit_price = prices.at(sale.since)
        amount = unit_price * sale.seats
        yield sale.since, amount
        if sale.until is not None:
            yield sale.until, -amount
