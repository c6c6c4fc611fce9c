"""What it takes until the price rises: so many more seats, if they were booked now."""

from dataclasses import dataclass, replace
from decimal import Decimal

from events.pricing.rule import Demand, RuleSettings, next_price, pressure


@dataclass(frozen=True)
class Threshold:
    """After so many more seats, the rule would set this price. seats: 0 if it would at once."""

    seats: int
    price: Decimal


def next_threshold(settings: RuleSettings, demand: Demand, *, price: Decimal) -> Threshold | None:
    """Return the next rise of a price; None if no number of the seats left would raise it.

    Found by bisection, since more seats never lower a price. It holds for the moment of `demand`:
    as time passes without bookings, it takes more seats.
    """

    def price_after(seats: int) -> Decimal:
        later = replace(
            demand,
            taken=demand.taken + seats,
            sold_last_day=demand.sold_last_day + seats,
            sold_last_week=demand.sold_last_week + seats,
        )
        return next_price(settings, price=price, total=pressure(settings, later).total)

    low, high = 0, demand.capacity - demand.taken
    if high < 0 or price_after(high) <= price:
        return None
    while low < high:
        middle = (low + high) // 2
        if price_after(middle) > price:
            high = middle
        else:
            low = middle + 1
    return Threshold(low, price_after(low))
