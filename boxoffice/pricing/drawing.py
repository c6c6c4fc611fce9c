"""A replay as drawings: price, seats and revenue over time, as it was and with the rule."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from boxoffice.pricing.preview import Preview
from boxoffice.pricing.replay import Point
from evently.charts.axes import (
    INNER,
    Scale,
    Tick,
    chosen,
    mark,
    scale_of_time,
    scale_up,
    ticks_of_time,
)
from evently.charts.drawing import Chart, Line, Table, line
from evently.formatting import MISSING, counted, moment, money
from events.models import Event, PriceRule

# Rows of the table beside the drawings, and changes listed.
ROWS = 11
MOST_CHANGES = 50


def charts_of(preview: Preview, rule: PriceRule, event: Event) -> list[Chart]:
    """Return the charts of a replay: price, seats, revenue."""
    points = preview.replay.points
    x = scale_of_time(points[0].at, points[-1].at)
    ticks = ticks_of_time(x, preview.source.zone)
    return [
        _price_chart(points, rule, event, x, ticks),
        _seats_chart(points, x, ticks),
        _revenue_chart(points, event, x, ticks),
    ]


def _price_chart(
    points: Sequence[Point], rule: PriceRule, event: Event, x: Scale, ticks: Sequence[Tick]
) -> Chart:
    was, now = [point.price_was for point in points], [point.price for point in points]
    y = Scale(float(min(*was, rule.floor)), float(max(*was, rule.ceiling)), *INNER)
    floor, ceiling = _money(rule.floor, event), _money(rule.ceiling, event)
    return Chart(
        title="Price of a seat",
        summary=(
            f"With this rule, the price is between {_money(min(now), event)} and "
            f"{_money(max(now), event)}, and in the end {_money(now[-1], event)}. "
            f"It was between {_money(min(was), event)} and {_money(max(was), event)}."
        ),
        lines=_was_and_now(points, was, now, x, y),
        marks=[
            mark(float(rule.ceiling), f"Highest {ceiling}", y, style="bound"),
            mark(float(rule.floor), f"Lowest {floor}", y, style="bound", is_below=True),
        ],
        ticks=ticks,
    )


def _seats_chart(points: Sequence[Point], x: Scale, ticks: Sequence[Tick]) -> Chart:
    sold, planned = [point.seats for point in points], [point.planned for point in points]
    y, marks = scale_up(max(*sold, *planned), lambda seats: counted(int(seats), "seat"))
    return Chart(
        title="Seats booked",
        summary=(
            f"{counted(sold[-1], 'seat')} were booked in the end; the sales plan expects "
            f"{counted(planned[-1], 'seat')} by then."
        ),
        lines=[
            line("plan", "sales plan", _over_time(points, planned), x, y),
            _stepped("main", "as it was, and with this rule", points, sold, x, y),
        ],
        marks=marks,
        ticks=ticks,
    )


def _revenue_chart(points: Sequence[Point], event: Event, x: Scale, ticks: Sequence[Tick]) -> Chart:
    was, now = [point.revenue_was for point in points], [point.revenue for point in points]
    y, marks = scale_up(float(max(*was, *now)), lambda sum_: _money(Decimal(sum_), event))
    return Chart(
        title="Revenue",
        summary=(
            f"The same seats bring {_money(now[-1], event)} with this rule; they brought "
            f"{_money(was[-1], event)}."
        ),
        lines=_was_and_now(points, was, now, x, y),
        marks=marks,
        ticks=ticks,
    )


def _was_and_now(
    points: Sequence[Point], was: Sequence[Decimal], now: Sequence[Decimal], x: Scale, y: Scale
) -> list[Line]:
    return [
        _stepped("was", "as it was", points, was, x, y),
        _stepped("main", "with this rule", points, now, x, y),
    ]


def _stepped(
    style: str, label: str, points: Sequence[Point], values: Sequence[Any], x: Scale, y: Scale
) -> Line:
    return line(
        style, label, _over_time(points, values), x, y, stepped=True, dotted=style == "main"
    )


def _over_time(points: Sequence[Point], values: Sequence[Any]) -> list[tuple[float, float]]:
    return [(point.at.timestamp(), float(at)) for point, at in zip(points, values, strict=True)]


def _money(amount: Decimal, event: Event) -> str:
    return money(amount, event.currency)


def table_of(preview: Preview, event: Event) -> Table:
    """Return the figures of the drawings, some of the moments only."""
    points = preview.replay.points
    columns: dict[str, Callable[[Point], str]] = {
        "Until": lambda point: moment(point.at, preview.source.zone),
        "Seats": lambda point: f"{point.seats:,}",
        "Planned": lambda point: f"{point.planned:,}",
        "Price was": lambda point: _money(point.price_was, event),
        "Price by rule": lambda point: _money(point.price, event),
        "Revenue was": lambda point: _money(point.revenue_was, event),
        "Revenue by rule": lambda point: _money(point.revenue, event),
    }
    return Table(
        list(columns),
        [
            [cell(points[number]) for cell in columns.values()]
            for number in chosen(len(points), ROWS)
        ],
    )


def totals_of(preview: Preview, event: Event) -> list[dict[str, str]]:
    """Return what the same seats bring: as it was, at one price, and with the rule."""
    replay, last = preview.replay, preview.replay.last
    rows = (
        ("As it was", last.revenue_was),
        (
            f"At {_money(replay.start_price, event)} all the time",
            replay.revenue_at_start_price,
        ),
        ("With this rule", last.revenue),
    )
    return [
        {
            "label": label,
            "revenue": _money(revenue, event),
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
            "old": _money(change.old, event),
            "new": _money(change.new, event),
            "reason": change.reason,
        }
        for change in reversed(preview.replay.changes[-MOST_CHANGES:])
    ]
