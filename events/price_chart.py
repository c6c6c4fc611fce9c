"""The price history of an event as a step chart, since a price holds until it changes.

x and y are percentages of the drawing, y from its top.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.urls import reverse

from evently.formatting import money, times
from evently.time_zones import zone_in_words
from events.models import Event, PriceChange
from events.moments import MINUTE, floor
from events.moving_price import bounds_of, bounds_text

DRAWN_CHANGES = 300
LISTED_CHANGES = 50
# Where the highest and the lowest price are drawn: the rest is for their labels.
TOP, BOTTOM = Decimal(100) / 6, Decimal(500) / 6
# A ceiling this many times the highest price would press all prices into one line. It is drawn
# above them, not to scale.
FAR = 2
FAR_TOP, FAR_CEILING = Decimal(34), Decimal(12)
# Labels of lines that are closer would be printed on each other.
CLOSE = Decimal(9)
# Older changes are joined day by day (`evently_compress_prices`).
KEPT_WHOLE = timedelta(days=365)

Steps = Sequence[tuple[datetime, Decimal]]


@dataclass(frozen=True)
class _Scale:
    """Where prices are drawn. top: of the highest."""

    lowest: Decimal
    highest: Decimal
    top: Decimal

    def y(self, price: Decimal) -> Decimal:
        if self.highest == self.lowest:
            return (self.top + BOTTOM) / 2
        share = (self.highest - price) / (self.highest - self.lowest)
        return self.top + share * (BOTTOM - self.top)


def price_chart(event: Event, changes: list[PriceChange], *, at: datetime) -> dict[str, Any] | None:
    """Return the chart of an event's prices until a time.

    None if there is nothing to draw: the price never changed, and no rule moves it. Until the last
    full minute, so that it stays the same for a minute. changes: newest first, all of them or more
    than DRAWN_CHANGES. The keys are documented in components/price_chart.html.
    """
    if not changes and not bounds_text(event):
        return None
    is_whole = len(changes) <= DRAWN_CHANGES
    steps = _steps(event, changes[:DRAWN_CHANGES], is_whole=is_whole)
    until = max(floor(at, MINUTE), steps[-1][0])
    prices = [price for _, price in steps]
    scale, bounds = _drawn(event, prices)
    points = _points(steps, scale, until=until)
    line = " ".join(f"{x:.2f},{y:.2f}" for x, y in points)
    began_on, ended_on = _axis(steps[0][0].astimezone(event.zone), until.astimezone(event.zone))
    return {
        "line": line,
        "area": f"0,100 {line} 100,100",
        "now": {"x": "100", "y": f"{points[-1][1]:.2f}", "text": _money(event, prices[-1])},
        **bounds,
        "from_text": began_on,
        "to_text": ended_on,
        "summary": _summary(event, steps, is_whole=is_whole, at=at),
        "currency": event.currency,
        "zone": event.timezone,
        "zone_name": zone_in_words(event.timezone),
        "rows": [
            {
                "at": change.applied_at,
                "price": change.new_price,
                "reason": change.reason,
                "by": change.changed_by.label,
            }
            for change in changes[:LISTED_CHANGES]
        ],
        "all_url": ""
        if len(changes) <= LISTED_CHANGES
        else reverse("api_event_price_history", args=[event.pk]),
    }


def _steps(event: Event, changes: list[PriceChange], *, is_whole: bool) -> Steps:
    """Return from when each price held, the oldest first. changes: newest first."""
    began = event.published_at or event.created_at
    if not changes:
        return [(began, event.current_price)]
    first = changes[-1]
    if not is_whole or began >= first.applied_at:
        began = first.applied_at - timedelta(hours=1)
    return [
        (began, first.old_price),
        *((change.applied_at, change.new_price) for change in reversed(changes)),
    ]


def _drawn(event: Event, prices: list[Decimal]) -> tuple[_Scale, dict[str, dict[str, str]]]:
    """Return the scale of the drawing, and its labelled lines: prices, and bounds if there are any.

    A label that would be printed on that of a bound is left out.
    """
    lowest, highest = min(prices), max(prices)
    low, high, is_far = lowest, highest, False
    if bounds := bounds_of(event):
        is_far = bounds[1] > FAR * highest
        low, high = min(low, bounds[0]), high if is_far else max(high, bounds[1])
    scale = _Scale(low, high, FAR_TOP if is_far else TOP)
    at = {"highest": scale.y(highest), "lowest": scale.y(lowest)}
    lines = {"highest": (at["highest"], _money(event, highest))}
    if lowest < highest:
        lines["lowest"] = (at["lowest"], _money(event, lowest))
    if bounds:
        drawn = _bounds(event, scale, bounds, is_far=is_far)
        for price, y in at.items():
            if any(abs(y - bound) < CLOSE for bound, _ in drawn.values()):
                lines.pop(price, None)
        lines |= drawn
    return scale, {name: {"y": f"{y:.2f}", "text": text} for name, (y, text) in lines.items()}


def _bounds(
    event: Event, scale: _Scale, bounds: tuple[Decimal, Decimal], *, is_far: bool
) -> dict[str, tuple[Decimal, str]]:
    low, high = (_money(event, price) for price in bounds)
    if low == high:
        return {"ceiling": (scale.y(bounds[1]), f"Minimum and maximum {high}")}
    ceiling = (scale.y(bounds[1]), f"Maximum {high}")
    if is_far:
        ceiling = (FAR_CEILING, f"Maximum {high} (not to scale)")
    return {"ceiling": ceiling, "floor": (scale.y(bounds[0]), f"Minimum {low}")}


def _points(steps: Steps, scale: _Scale, *, until: datetime) -> list[tuple[float, float]]:
    began = steps[0][0]
    length = max((until - began) / timedelta(seconds=1), 1.0)

    def x_of(time: datetime) -> float:
        return min(100.0, max(0.0, (time - began) / timedelta(seconds=1) / length * 100))

    points: list[tuple[float, float]] = []
    for time, price in steps:
        if points:
            points.append((x_of(time), points[-1][1]))
        points.append((x_of(time), float(scale.y(price))))
    points.append((100.0, points[-1][1]))
    return points


def _axis(began: datetime, ended: datetime) -> tuple[str, str]:
    """Return the ends of the axis: with the time where they are on one day, or with the year."""

    def text(at: datetime) -> str:
        if began.date() == ended.date():
            return f"{at.day} {at:%b, %H:%M}"
        return f"{at.day} {at:%b}" if began.year == ended.year else f"{at.day} {at:%b %Y}"

    return text(began), text(ended)


def _summary(event: Event, steps: Steps, *, is_whole: bool, at: datetime) -> str:
    prices = [price for _, price in steps]
    changes = len(prices) - 1
    first, now, low, high = (
        _money(event, price) for price in (prices[0], prices[-1], min(prices), max(prices))
    )
    is_joined = changes > 0 and steps[1][0] < at - KEPT_WHOLE
    if not changes:
        text = f"The price is {now} and has not changed yet."
    elif not is_whole:
        since = steps[1][0].astimezone(event.zone)
        text = (
            f"The last {changes} price changes, since {since.day} {since:%B %Y}: "
            f"the price was between {low} and {high}, and is now {now}."
        )
    elif is_joined:
        text = f"The price started at {first} and is now {now}. It was between {low} and {high}."
    else:
        text = (
            f"The price started at {first}, has changed {times(changes)} and is now {now}. "
            f"It has never been below {low} or above {high}."
        )
    if is_joined:
        text += " Of changes over a year ago, the last one of each day is kept."
    return text + _bounds_summary(event, at=at)


def _bounds_summary(event: Event, *, at: datetime) -> str:
    bounds = bounds_of(event)
    if bounds is None:
        return ""
    low, high = (_money(event, price) for price in bounds)
    where = f"at {low}" if low == high else f"between {low} and {high}"
    # A rule moves the price as long as seats are sold.
    keeps = "keeps" if event.is_active and at < event.sales_close_at else "kept"
    return f" The price rule {keeps} it {where}."


def _money(event: Event, amount: Decimal) -> str:
    return money(amount, event.currency)
