"""What a new rule is set to where the organizer says nothing else."""

from decimal import Decimal
from typing import Any

from events.pricing.plan import EVEN
from events.pricing.rule import StepKind

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


def rounding_for(exponent: int) -> tuple[Decimal, Decimal]:
    """Return the unit and ending that prices of a currency are rounded to.

    exponent: how many decimals its amounts have; half a unit, or whole units where it has none.
    """
    return (Decimal("0.50") if exponent else Decimal(1)), Decimal(0)
