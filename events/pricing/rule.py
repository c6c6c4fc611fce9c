"""The price rule: a pure function of settings, demand and the current price.

The same inputs give the same price. Everything is exact (integers, fractions, decimals), so that
more demand never lowers a price by rounding.

1. **Plan.** `SalesPlan` says which share of the seats should be sold by now, F(t), as a share of
   `expected_share` of the capacity. t is the share of the time on sale that has passed.
2. **Pressures**, each from -1 (far behind) to 1 (far ahead), 0 where sales follow the plan:
   - *sold*: seats booked and held, less those planned, as a share of the capacity; a difference of
     `FULL_LEAD` counts in full.
   - *pace*: seats sold in the last day and week against the pace that the rest needs: what remains
     × (F(t) - F(t - window)) ÷ (1 - F(t)), as (sold - needed) ÷ (sold + needed + `FEW_SEATS`);
     half of each. Where many seats are sold, twice the pace is close to 1/3, none at all to -1;
     one booking more or less in a day is hardly any pressure. Whole days, since nobody buys at
     night. Airlines watch the same figure as the booking pace or pickup.
   - *waitlist*: seats waited for per seat of the event, 0 to 1; `FULL_WAITLIST` counts in full.
   Each is multiplied by its weight; the sum, cut to -1 … 1, is the pressure p.
3. **Target.** p = 0 is the base price, 1 the ceiling, -1 the floor, linear between them.
4. **Step.** The price moves towards the target, at most by the largest step, and is rounded towards
   where it was: rounding leaves neither the bounds nor the step.

Booking curves and pickup are those of revenue management (Talluri and van Ryzin, The Theory and
Practice of Revenue Management, 2004, chapter 9). That the price follows them proportionally is this
project's choice. `bench/seasons` simulates what it earns (docs/pricing.md).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum
from fractions import Fraction

from events.pricing.plan import SalesPlan

DAY, WEEK = timedelta(days=1), timedelta(days=7)
# Before so much of the time on sale has passed, there is no pace to speak of.
SHORTEST_PACE = timedelta(hours=1)
FULL_LEAD = Fraction(1, 5)
FULL_WAITLIST = Fraction(1, 5)
# Fewer seats than this, sold or missing, are chance rather than a pace. Without it, the simulation
# changes prices about twice as often and earns no more.
FEW_SEATS = 10
ONE = Fraction(1)


class StepKind(StrEnum):
    AMOUNT = "amount"
    PERCENT = "percent"


@dataclass(frozen=True)
class Rounding:
    """Prices that end alike: multiples of a unit, plus an ending, as 1 and 0.90 for €12.90."""

    unit: Decimal
    ending: Decimal = Decimal(0)

    def below(self, price: Decimal) -> Decimal:
        """Return the highest such price that is not above a price."""
        return self._rounded(price, ROUND_FLOOR)

    def above(self, price: Decimal) -> Decimal:
        """Return the lowest such price that is not below a price."""
        return self._rounded(price, ROUND_CEILING)

    def _rounded(self, price: Decimal, direction: str) -> Decimal:
        units = ((price - self.ending) / self.unit).to_integral_value(direction)
        return units * self.unit + self.ending


@dataclass(frozen=True)
class Weights:
    """How strongly each input counts, from 0 (not at all) to 1 (alone, it can reach a bound)."""

    sold: Fraction = Fraction(1, 2)
    pace: Fraction = Fraction(1, 2)
    waitlist: Fraction = Fraction(1, 2)


@dataclass(frozen=True)
class RuleSettings:
    """What an organizer sets. Prices are those of a seat; floor ≤ base price ≤ ceiling.

    max_step: an amount, or percent of the current price. expected_share: of the seats, sold by the
    end of sales.
    """

    floor: Decimal
    ceiling: Decimal
    base_price: Decimal
    max_step: Decimal
    step_kind: StepKind
    min_interval: timedelta
    rounding: Rounding
    plan: SalesPlan
    weights: Weights = Weights()
    expected_share: Fraction = ONE

    def largest_step(self, price: Decimal) -> Decimal:
        if self.step_kind == StepKind.AMOUNT:
            return self.max_step
        return price * self.max_step / 100


@dataclass(frozen=True)
class Demand:
    """What the rule looks at, at one moment.

    taken: seats booked and held. sold_last_day, sold_last_week: seats of the bookings made since,
    without cancelled ones. waiting_seats: seats that entries on the waitlist want.
    """

    at: datetime
    sales_open_at: datetime
    sales_close_at: datetime
    capacity: int
    taken: int
    sold_last_day: int = 0
    sold_last_week: int = 0
    waiting_seats: int = 0

    def elapsed(self, at: datetime) -> Fraction:
        """Return the share of the time on sale that has passed at a time, from 0 to 1."""
        length = _microseconds(self.sales_close_at - self.sales_open_at)
        passed = _microseconds(at - self.sales_open_at)
        return _within(Fraction(passed, max(length, 1)), Fraction(0), ONE)


@dataclass(frozen=True)
class Pressure:
    """How far demand is ahead of the plan (above 0) or behind it (below 0), by weighted parts."""

    sold: Fraction
    pace: Fraction
    waitlist: Fraction

    @property
    def total(self) -> Fraction:
        return _within(self.sold + self.pace + self.waitlist, -ONE, ONE)


def pressure(settings: RuleSettings, demand: Demand) -> Pressure:
    """Return the pressure of demand, by its parts."""
    weights, capacity = settings.weights, max(demand.capacity, 1)
    planned = settings.expected_share * settings.plan.share(demand.elapsed(demand.at))
    lead = Fraction(demand.taken, capacity) - planned
    waiting = Fraction(demand.waiting_seats, capacity)
    paces = (
        _pace(settings, demand, sold=demand.sold_last_day, window=DAY),
        _pace(settings, demand, sold=demand.sold_last_week, window=WEEK),
    )
    return Pressure(
        sold=weights.sold * _within(lead / FULL_LEAD, -ONE, ONE),
        pace=weights.pace * sum(paces, Fraction(0)) / len(paces),
        waitlist=weights.waitlist * min(waiting / FULL_WAITLIST, ONE),
    )


def _pace(settings: RuleSettings, demand: Demand, *, sold: int, window: timedelta) -> Fraction:
    """Return the pressure of what was sold in a window, from -1 to 1."""
    if demand.at - demand.sales_open_at < SHORTEST_PACE:
        return Fraction(0)
    now = settings.plan.share(demand.elapsed(demand.at))
    before = settings.plan.share(demand.elapsed(demand.at - window))
    remaining = max(settings.expected_share * demand.capacity - demand.taken, Fraction(0))
    if now == 1:
        return -ONE if remaining else Fraction(0)
    needed = remaining * (now - before) / (1 - now)
    return (sold - needed) / (sold + needed + FEW_SEATS)


def target(settings: RuleSettings, total: Fraction) -> Decimal:
    """Return the price that a pressure from -1 to 1 leads to in the end, before rounding."""
    base = _between(settings.base_price, settings.floor, settings.ceiling)
    far = settings.ceiling if total >= 0 else settings.floor
    moved = Fraction(base) + (Fraction(far) - Fraction(base)) * abs(total)
    return Decimal(moved.numerator) / Decimal(moved.denominator)


def next_price(settings: RuleSettings, *, price: Decimal, total: Fraction) -> Decimal:
    """Return the price after one step from a price, which it may equal."""
    aim = target(settings, total)
    step = settings.largest_step(price)
    if aim > price:
        highest = min(aim, price + step, settings.ceiling)
        return max(settings.rounding.below(highest), price)
    lowest = max(aim, price - step, settings.floor)
    return min(settings.rounding.above(lowest), price)


def _within(value: Fraction, low: Fraction, high: Fraction) -> Fraction:
    return min(max(value, low), high)


def _between(value: Decimal, low: Decimal, high: Decimal) -> Decimal:
    return min(max(value, low), high)


def _microseconds(length: timedelta) -> int:
    return length // timedelta(microseconds=1)
