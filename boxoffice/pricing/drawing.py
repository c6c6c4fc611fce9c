"""A replay as drawings: price, seats and revenue over time, as it was and with the rule.

x and y are percentages of a drawing, y from its top.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from boxoffice.pricing.preview import Preview
from boxoffice.pricing.replay import Point
from evently.formatting import MISSING, counted, moment, money
from events.models import Event, PriceRule

# Rows of the table beside the drawings, and changes listed.
ROWS = 11
MOST_CHANGES = 50
# Space above the highest and below the lowest price, as a share of their difference.
MARGIN = 0.15
# Times of sales shorter than this are shown with the hour.
SHORT = timedelta(days=3)


@dataclass(frozen=True)
class Line:
    """A line of a chart. style: "was", "rule" or "plan". label: what it is."""

    style: str
    label: str
    points: str


@dataclass(frozen=True)
class Mark:
    """A horizontal line with its label above it, or below. bound: of the rule."""

    y: str
    text: str
    bound: bool = False
    below: bool = False


@dataclass(frozen=True)
class Chart:
    """One drawing. summary: what it shows, for screen readers."""

    title: str
    summary: str
    lines: Sequence[Line]
    marks: Sequence[Mark]


def charts_of(preview: Preview, rule: PriceRule, event: Event) -> list[Chart]:
    """Return the charts of a replay: price, seats, revenue."""
    points = preview.replay.points
    x_of = _scale_x(points)
    return [
        _price_chart(points, rule, event, x_of),
        _seats_chart(points, x_of),
        _revenue_chart(points, event, x_of),
    ]


def _scale_x(points: Sequence[Point]) -> Callable[[datetime], float]:
    first = points[0].at
    length = max((points[-1].at - first) / timedelta(seconds=1), 1.0)
    return lambda at: (at - first) / timedelta(seconds=1) / length * 100


def _scale_y(low: float, high: float) -> Callable[[float], float]:
    length = (high - low) or 1.0
    return lambda value: (high - value) / length * 100


def _price_chart(
    points: Sequence[Point], rule: PriceRule, event: Event, x_of: Callable[[datetime], float]
) -> Chart:
    was, now = [point.price_was for point in points], [point.price for point in points]
    low, high = float(min(*was, rule.floor)), float(max(*was, rule.ceiling))
    space = (high - low) * MARGIN
    y_of = _scale_y(low - space, high + space)
    floor, ceiling = money(rule.floor, event.currency), money(rule.ceiling, event.currency)
    return Chart(
        title="Price of a seat",
        summary=(
            f"With this rule, the price is between {money(min(now), event.currency)} and "
            f"{money(max(now), event.currency)}, and in the end {money(now[-1], event.currency)}. "
            f"It was between {money(min(was), event.currency)} and "
            f"{money(max(was), event.currency)}."
        ),
        lines=[
            Line("was", "as it was", _steps(points, was, x_of, y_of)),
            Line("rule", "with this rule", _steps(points, now, x_of, y_of)),
        ],
        marks=[
            Mark(f"{y_of(float(rule.ceiling)):.2f}", f"Highest {ceiling}", bound=True),
            Mark(f"{y_of(float(rule.floor)):.2f}", f"Lowest {floor}", bound=True, below=True),
        ],
    )


def _seats_chart(points: Sequence[Point], x_of: Callable[[datetime], float]) -> Chart:
    sold, planned = [point.seats for point in points], [point.planned for point in points]
    most = max(*sold, *planned, 1)
    y_of = _scale_y(0, most)
    return Chart(
        title="Seats booked",
        summary=(
            f"{counted(sold[-1], 'seat')} were booked in the end; the sales plan expects "
            f"{counted(planned[-1], 'seat')} by then."
        ),
        lines=[
            Line("plan", "sales plan", _curve(points, planned, x_of, y_of)),
            Line("rule", "as it was, and with this rule", _steps(points, sold, x_of, y_of)),
        ],
        marks=[Mark("0", counted(most, "seat"))],
    )


def _revenue_chart(
    points: Sequence[Point], event: Event, x_of: Callable[[datetime], float]
) -> Chart:
    was, now = [point.revenue_was for point in points], [point.revenue for point in points]
    most = max(*was, *now)
    y_of = _scale_y(0, float(most) or 1.0)
    return Chart(
        title="Revenue",
        summary=(
            f"The same seats bring {money(now[-1], event.currency)} with this rule; they brought "
            f"{money(was[-1], event.currency)}."
        ),
        lines=[
            Line("was", "as it was", _steps(points, was, x_of, y_of)),
            Line("rule", "with this rule", _steps(points, now, x_of, y_of)),
        ],
        marks=[Mark("0", money(most, event.currency))],
    )


def _steps(
    points: Sequence[Point],
    values: Sequence[Any],
    x_of: Callable[[datetime], float],
    y_of: Callable[[float], float],
) -> str:
    """Return a line that holds each number until the next one; only its corners."""
    corners: list[tuple[float, float]] = []
    for point, value in zip(points, values, strict=True):
        x, y = x_of(point.at), y_of(float(value))
        if corners and corners[-1][1] == y:
            continue
        if corners:
            corners.append((x, corners[-1][1]))
        corners.append((x, y))
    corners.append((100.0, corners[-1][1]))
    return _text(corners)


def _curve(
    points: Sequence[Point],
    values: Sequence[int],
    x_of: Callable[[datetime], float],
    y_of: Callable[[float], float],
) -> str:
    return _text(
        [(x_of(point.at), y_of(value)) for point, value in zip(points, values, strict=True)]
    )


def _text(corners: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in corners)


def axis_of(preview: Preview) -> tuple[str, str]:
    """Return the labels of the first and the last moment, in the time zone of the event."""
    points = preview.replay.points
    return _day(points[0].at, preview), _day(points[-1].at, preview)


def _day(at: datetime, preview: Preview) -> str:
    points = preview.replay.points
    local = at.astimezone(preview.source.zone)
    if points[-1].at - points[0].at < SHORT:
        return f"{local:%a} {local.day} {local:%b}, {local:%H:%M}"
    return f"{local.day} {local:%b %Y}"


def table_of(preview: Preview, event: Event) -> list[dict[str, str]]:
    """Return the figures of the drawings as rows, some of the moments only."""
    points = preview.replay.points
    last = len(points) - 1
    chosen = sorted({round(last * number / (ROWS - 1)) for number in range(ROWS)})
    return [
        {
            "at": _day(points[number].at, preview),
            "seats": f"{points[number].seats:,}",
            "planned": f"{points[number].planned:,}",
            "price_was": money(points[number].price_was, event.currency),
            "price": money(points[number].price, event.currency),
            "revenue_was": money(points[number].revenue_was, event.currency),
            "revenue": money(points[number].revenue, event.currency),
        }
        for number in chosen
    ]


def totals_of(preview: Preview, event: Event) -> list[dict[str, str]]:
    """Return what the same seats bring: as it was, at one price, and with the rule."""
    replay, last = preview.replay, preview.replay.last
    rows = (
        ("As it was", last.revenue_was),
        (
            f"At {money(replay.start_price, event.currency)} all the time",
            replay.revenue_at_start_price,
        ),
        ("With this rule", last.revenue),
    )
    return [
        {
            "label": label,
            "revenue": money(revenue, event.currency),
            "difference": MISSING if not number else _difference(revenue, last.revenue_was),
        }
        for number, (label, revenue) in enumerate(rows)
    ]


def _difference(revenue: Decimal, before: Decimal) -> str:
    if not before:
        return MISSING
    percent = round(100 * (revenue - before) / before)
    return f"{percent:+d}%" if percent else "±0%"


def changes_of(preview: Preview, event: Event) -> list[dict[str, str]]:
    """Return the changes that the rule would have made, the latest first."""
    return [
        {
            "at": moment(change.at, preview.source.zone),
            "old": money(change.old, event.currency),
            "new": money(change.new, event.currency),
            "reason": change.reason,
        }
        for change in reversed(preview.replay.changes[-MOST_CHANGES:])
    ]
