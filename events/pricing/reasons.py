"""Why the rule moved a price, in a sentence with its numbers."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from evently.formatting import counted, duration
from events.pricing.rule import DAY, Demand, Pressure

HOUR = timedelta(hours=1)


def reason(demand: Demand, pressure: Pressure, *, old: Decimal, new: Decimal) -> str:
    """Return why a price moved: "82% sold, 14 seats waited for, 9 days left: demand is …".

    Public, and at most 160 characters. It names only what was looked at: the share of seats booked
    and held, the seats waited for, and the time until sales end.
    """
    facts = [f"{_percent(demand.taken, demand.capacity)} sold"]
    if demand.waiting_seats:
        facts.append(f"{counted(demand.waiting_seats, 'seat')} waited for")
    facts.append(f"{_time_left(demand.sales_close_at - demand.at)} left")
    return f"{', '.join(facts)}: {_tendency(pressure.total, rises=new > old)}"


def _time_left(left: timedelta) -> str:
    """Return it in whole days or hours, down to two of them."""
    days, hours = left // DAY, left // HOUR
    if days >= 2:
        return counted(days, "day")
    return counted(hours, "hour") if hours >= 2 else duration(left)


def _percent(part: int, whole: int) -> str:
    """Return a share in whole percent; never 100% or 0% where that is not quite so."""
    if not part or part == whole:
        return "100%" if part else "0%"
    return f"{min(max(round(Fraction(100 * part, whole)), 1), 99)}%"


def _tendency(total: Fraction, *, rises: bool) -> str:
    if rises:
        return "demand is ahead of plan" if total > 0 else "demand is catching up with the plan"
    return "demand is behind plan" if total < 0 else "demand is no longer so far ahead of plan"
