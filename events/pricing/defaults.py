"""What a new rule is set to where the organizer says nothing else."""

from decimal import Decimal
from typing import Any

from events.pricing.plan import EVEN
from events.pricing.rule import Rounding, StepKind

# Of the price, for the bounds that a form suggests.
LOWEST_SHARE, HIGHEST_SHARE = Decimal(2) / 3, Decimal(4) / 3
# Of a new rule; the floor and ceiling have none, since they are what the organizer promises.
DEFAULTS: dict[str, Any] = {
    "enabled": False,
    "max_step": Decimal("10"),
    "step_kind": StepKind.PERCENT,
    "min_interval_minutes": 24 * 60,
    "weight_sold": 50,
    "weight_pace": 50,
    "weight_waitlist": 50,
    "expected_percent": 100,
    "plan": list(EVEN),
    "announces_next": True,
}


def rounding_for(price: Decimal, exponent: int) -> tuple[Decimal, Decimal]:
    """Return the unit and ending that prices of a new rule are rounded to.

    price: the base price. exponent: how many decimals amounts of its currency have. The unit is the
    highest of 1, 2, 5, 10, 20, … and their tenths and hundredths that is at most 5 % of the price:
    finer ones change prices more often and earn no more (docs/pricing.md).
    """
    smallest = Decimal(1).scaleb(-exponent)
    most = max(price / 20, smallest)
    power = Decimal(1).scaleb(most.adjusted())
    unit = max(power * digit for digit in (1, 2, 5) if power * digit <= most)
    return max(unit, smallest).quantize(smallest), Decimal(0)


def suggested_bounds(
    unit: Decimal, *, base_price: Decimal, price: Decimal
) -> tuple[Decimal, Decimal]:
    """Return the floor and ceiling that a form begins with; the organizer decides.

    A third below and above the prices there are, in multiples of unit.
    """
    rounding = Rounding(unit)
    floor = rounding.above(min(base_price, price) * LOWEST_SHARE)
    ceiling = rounding.below(max(base_price, price) * HIGHEST_SHARE)
    return min(floor, base_price, price), max(ceiling, base_price, price)
