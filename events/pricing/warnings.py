"""Settings of a price rule with which it can never act, or not as an organizer would expect.

They are allowed all the same: forms and the API show the warnings, and save.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from evently.formatting import counted, duration, money
from events.pricing.plan import TENTHS
from events.pricing.rule import RuleSettings, StepKind, next_price

# A sales curve of fewer seats says little about how the next event will sell.
FEWEST_PLAN_SEATS = 20


@dataclass(frozen=True)
class Warning:
    """One thing to know about a rule. code: fixed; field: the setting that it is about."""

    code: str
    field: str
    text: str


@dataclass(frozen=True)
class Circumstances:
    """What the settings are seen against.

    taken: seats booked and held. plan_seats: how many seats the sales plan was taken from, where
    that is an earlier event's.
    """

    at: datetime
    sales_close_at: datetime
    currency: str
    capacity: int
    taken: int = 0
    plan_seats: int | None = None

    def money(self, amount: Decimal) -> str:
        return money(amount, self.currency)


def warnings_of(settings: RuleSettings, now: Circumstances) -> list[Warning]:
    """Return the warnings about a rule's settings, the gravest first."""
    return [
        *_about_bounds(settings, now),
        *_about_steps(settings, now),
        *_about_inputs(settings, now),
    ]


def _about_bounds(settings: RuleSettings, now: Circumstances) -> Iterator[Warning]:
    floor, ceiling, base = settings.floor, settings.ceiling, settings.base_price
    if floor == ceiling:
        yield Warning(
            "bounds_equal",
            "ceiling",
            "The lowest and the highest price are the same, so the price never moves.",
        )
    if base < floor:
        yield Warning(
            "base_price_outside",
            "floor",
            f"The base price of {now.money(base)} is below the lowest price. The rule takes the "
            f"lowest price for it: the price stays at {now.money(floor)} unless demand is ahead "
            "of plan.",
        )
    if base > ceiling:
        yield Warning(
            "base_price_outside",
            "ceiling",
            f"The base price of {now.money(base)} is above the highest price. The rule takes the "
            f"highest price for it: the price stays at {now.money(ceiling)} unless demand is "
            "behind plan.",
        )


def _about_steps(settings: RuleSettings, now: Circumstances) -> Iterator[Warning]:
    floor, ceiling, rounding = settings.floor, settings.ceiling, settings.rounding
    if floor == ceiling:
        return
    lowest, highest = rounding.above(floor), rounding.below(ceiling)
    if lowest > highest:
        yield Warning(
            "no_rounded_price",
            "rounding_unit",
            f"There is no price with this rounding between {now.money(floor)} and "
            f"{now.money(ceiling)}, so the price never moves.",
        )
        return
    if lowest == highest:
        yield Warning(
            "one_rounded_price",
            "rounding_unit",
            f"{now.money(lowest)} is the only price with this rounding between the lowest and "
            "the highest, so the price stays there.",
        )
        return
    if settings.largest_step(floor) > ceiling - floor:
        yield Warning(
            "step_over_range",
            "max_step",
            f"The largest step is wider than the range of {now.money(ceiling - floor)}: the price "
            "can jump from one end to the other.",
        )
    yield from _about_getting_stuck(settings, now, lowest=lowest, highest=highest)


def _about_getting_stuck(
    settings: RuleSettings, now: Circumstances, *, lowest: Decimal, highest: Decimal
) -> Iterator[Warning]:
    """Warn of steps that are too small to reach the next price with the same rounding."""
    can_rise = next_price(settings, price=lowest, total=Fraction(1)) > lowest
    # Where the base price is the floor, nothing lowers a price below it: that is as it is set.
    can_fall = settings.base_price <= settings.floor or (
        next_price(settings, price=highest, total=Fraction(-1)) < highest
    )
    if can_rise and can_fall:
        return
    step = _step_text(settings, now)
    unit = now.money(settings.rounding.unit)
    if not can_rise and not can_fall:
        yield Warning(
            "step_below_rounding",
            "max_step",
            f"A step of {step} is smaller than the rounding to {unit}, so the price never moves.",
        )
    elif not can_rise:
        yield Warning(
            "stuck_at_floor",
            "max_step",
            f"At the lowest price, a step of {step} is smaller than the rounding to {unit}: a "
            "price that has fallen there does not rise again.",
        )


def _step_text(settings: RuleSettings, now: Circumstances) -> str:
    if settings.step_kind == StepKind.AMOUNT:
        return now.money(settings.max_step)
    return f"{settings.max_step.normalize():f}%"


def _about_inputs(settings: RuleSettings, now: Circumstances) -> Iterator[Warning]:
    weights = settings.weights
    if not (weights.sold or weights.pace or weights.waitlist):
        yield Warning(
            "no_weight",
            "weight_sold",
            "All inputs count 0, so demand does not move the price: it goes to the base price of "
            f"{now.money(settings.base_price)} and stays there.",
        )
    left = now.sales_close_at - now.at
    if timedelta(0) < left < settings.min_interval:
        yield Warning(
            "interval_over_time_left",
            "min_interval_minutes",
            f"Sales end in {duration(left)}, sooner than {duration(settings.min_interval)} after a "
            "change: the price changes once more at most.",
        )
    expected = settings.expected_share * now.capacity
    if now.taken > expected:
        yield Warning(
            "expected_exceeded",
            "expected_percent",
            f"{counted(now.taken, 'seat')} are booked or held already, more than the "
            f"{int(expected):,} expected by the end of sales: demand stays ahead of plan.",
        )
    if settings.plan.percent[TENTHS - 1] == 100:
        yield Warning(
            "plan_without_late_sales",
            "plan",
            "The sales plan expects nothing to be sold in the last tenth of the time. Where people "
            "book late, the price is lowered too early.",
        )
    if now.plan_seats is not None and now.plan_seats < FEWEST_PLAN_SEATS:
        yield Warning(
            "plan_of_few_seats",
            "plan",
            f"The sales plan comes from {counted(now.plan_seats, 'seat')} only, which says little "
            "about how this event will sell.",
        )
