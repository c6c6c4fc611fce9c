"""The price history of an event as a step chart, since a price holds until it changes.

x and y are percentages of the drawing, y from its top.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from evently.formatting import money, times
from events.models import Event, PriceChange
from events.moments import MINUTE, floor

DRAWN_CHANGES = 300
LISTED_CHANGES = 50
# Space above the highest and below the lowest price, as a share of their difference.
MARGIN = Decimal("0.25")


def price_chart(event: Event, changes: list[PriceChange], *, at: datetime) -> dict[str, Any] | None:
    """Return the chart of an event's prices until a time; None if the price never changed.

    Until the last full minute, so that it stays the same for a minute. changes: newest first. The
    keys are documented in components/price_chart.html.
    """
    if not changes:
        return None
    at = max(floor(at, MINUTE), changes[0].applied_at)
    oldest_first = changes[::-1]
    began = event.published_at or event.created_at
    if len(changes) >= DRAWN_CHANGES or began >= oldest_first[0].applied_at:
        began = oldest_first[0].applied_at - timedelta(hours=1)
    steps = [(began, oldest_first[0].old_price)]
    steps += [(change.applied_at, change.new_price) for change in oldest_first]
    prices = [price for _, price in steps]
    points = _points(steps, until=at)
    heights = [y for _, y in points]
    line = " ".join(f"{x:.2f},{y:.2f}" for x, y in points)
    return {
        "line": line,
        "area": f"0,100 {line} 100,100",
        "now": {
            "x": "100",
            "y": f"{points[-1][1]:.2f}",
            "text": money(event.current_price, event.currency),
        },
        "highest": {
            "y": f"{min(heights):.2f}",
            "text": money(max(prices), event.currency),
        },
        "lowest": {
            "y": f"{max(heights):.2f}",
            "text": money(min(prices), event.currency),
        },
        "from_date": began.astimezone(event.zone),
        "to_date": at.astimezone(event.zone),
        "summary": _summary(event, prices),
        "currency": event.currency,
        "rows": [
            {"at": change.applied_at, "price": change.new_price, "reason": change.reason}
            for change in changes[:LISTED_CHANGES]
        ],
    }


def _points(steps: list[tuple[datetime, Decimal]], *, until: datetime) -> list[tuple[float, float]]:
    prices = [price for _, price in steps]
    span = (max(prices) - min(prices)) or Decimal(1)
    top = max(prices) + span * MARGIN
    height = span * (1 + 2 * MARGIN)
    began = steps[0][0]
    length = max((until - began) / timedelta(seconds=1), 1.0)

    def x_of(time: datetime) -> float:
        return min(100.0, max(0.0, (time - began) / timedelta(seconds=1) / length * 100))

    def y_of(price: Decimal) -> float:
        return float((top - price) / height * 100)

    points: list[tuple[float, float]] = []
    for time, price in steps:
        if points:
            points.append((x_of(time), points[-1][1]))
        points.append((x_of(time), y_of(price)))
    points.append((100.0, points[-1][1]))
    return points


def _summary(event: Event, prices: list[Decimal]) -> str:
    lowest, highest = min(prices), max(prices)
    changes = len(prices) - 1

    def price(amount: Decimal) -> str:
        return money(amount, event.currency)

    return (
        f"The price started at {price(prices[0])}, has changed {times(changes)} and is now "
        f"{price(event.current_price)}. It has never been below {price(lowest)} "
        f"or above {price(highest)}."
    )
