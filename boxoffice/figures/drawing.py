"""Points to SVG: the drawing functions of all charts of figures. Pure.

x and y are percentages of a drawing, y from its top, so that it fits any width. A chart is drawn by
templates/admin/chart.html.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

# Points (x, y) in the units of the axes.
Points = Sequence[tuple[float, float]]
# Of an axis: what is readable on a phone.
MOST_TICKS = 5
MOST_DAYS = 3
MOST_MARKS = 4
DAY_STEPS = (1, 2, 5, 7, 14, 30, 60, 90, 120, 180)


@dataclass(frozen=True)
class Scale:
    """From low to high along an axis; where both are the same, everything is in the middle."""

    low: float
    high: float

    def percent(self, value: float) -> float:
        if self.high == self.low:
            return 50.0
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0) * 100


@dataclass(frozen=True)
class Line:
    """A line, or a dot where there is one point only. style: "main", "rest1" … or "guess"."""

    style: str
    label: str
    points: str
    dot: tuple[str, str] | None = None


@dataclass(frozen=True)
class Band:
    """The area between two lines."""

    label: str
    points: str


@dataclass(frozen=True)
class Mark:
    """A label on an axis, and where. side: "start", "middle" or "end" of the label lies there."""

    at: str
    text: str
    side: str = "middle"


@dataclass(frozen=True)
class Table:
    """The figures of a chart. The first cell of a row is its heading."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Chart:
    """One drawing with its table. summary: what it shows, in a sentence, for screen readers."""

    summary: str
    lines: Sequence[Line]
    marks: Sequence[Mark]
    ticks: Sequence[Mark]
    table: Table
    bands: Sequence[Band] = field(default_factory=tuple)


def line(
    style: str, label: str, points: Points, x: Scale, y: Scale, *, stepped: bool = False
) -> Line:
    """Draw a line through points; stepped: each value holds until the next."""
    drawn = _corners(points) if stepped else list(points)
    dot = _place(points[0], x, y) if len(set(points)) == 1 else None
    return Line(style, label, _text(drawn, x, y), dot)


def band(
    label: str, points: Iterable[tuple[float, float, float]], x: Scale, y: Scale
) -> Band | None:
    """Draw the area between values (x, low, high); None where it has no extent."""
    triples = list(points)
    if len(triples) < 2 or all(low == high for _, low, high in triples):
        return None
    upper = [(at, high) for at, _, high in triples]
    lower = [(at, low) for at, low, _ in reversed(triples)]
    return Band(label, _text([*upper, *lower], x, y))


def scale_up(highest: float) -> tuple[Scale, list[float]]:
    """Return the scale from 0 that holds a value, and the round values to be marked above 0."""
    step = _round_step(max(highest, 1) / MOST_MARKS)
    count = max(-int(-max(highest, 1) // step), 1)
    return Scale(0, count * step), [step * number for number in range(1, count + 1)]


def marks(values: Iterable[float], y: Scale, text: Callable[[float], str]) -> list[Mark]:
    """Return the labels of values on the axis from the bottom to the top."""
    return [Mark(f"{100 - y.percent(value):.2f}", text(value)) for value in values]


def ticks_left(first: int, x: Scale) -> list[Mark]:
    """Return the labels of days before an event, from the first one to the event itself."""
    step = next((days for days in DAY_STEPS if first <= days * (MOST_TICKS - 1)), first or 1)
    texts = {0: "event", 1: "1 day before"}
    return [
        Mark(f"{x.percent(-day):.2f}", texts.get(day, f"{day} days"), _side(x.percent(-day)))
        for day in reversed(range(0, first + 1, step))
    ]


def ticks_of_days(first: date, last: date, x: Scale) -> list[Mark]:
    """Return the labels of some days of a range, the first and the last among them.

    x: of the days' ordinal numbers.
    """
    length = (last - first).days
    count = min(length, MOST_DAYS - 1)
    days = [first + timedelta(days=round(length * n / count)) for n in range(count + 1) if count]
    with_year = first.year != last.year
    return [
        Mark(
            f"{percent:.2f}", f"{day.day} {day:%b %Y}" if with_year else f"{day.day} {day:%b}", side
        )
        for day in days or [first]
        for percent in [x.percent(day.toordinal())]
        for side in [_side(percent)]
    ]


def chosen(count: int, most: int) -> list[int]:
    """Return the numbers of rows for a table of so many, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return sorted({round((count - 1) * number / (most - 1)) for number in range(most)})


def _side(percent: float) -> str:
    return "start" if percent < 5 else "end" if percent > 95 else "middle"


def _corners(points: Points) -> list[tuple[float, float]]:
    corners: list[tuple[float, float]] = []
    for number, (at, value) in enumerate(points):
        if corners and corners[-1][1] == value and number < len(points) - 1:
            continue
        if corners and corners[-1][1] != value:
            corners.append((at, corners[-1][1]))
        corners.append((at, value))
    return corners


def _round_step(least: float) -> float:
    """Return the next of 1, 2, 5, 10, 20, 50, 100 and so on."""
    size = 1
    while True:
        for step in (size, 2 * size, 5 * size):
            if step >= least:
                return step
        size *= 10


def _place(point: tuple[float, float], x: Scale, y: Scale) -> tuple[str, str]:
    return f"{x.percent(point[0]):.2f}", f"{100 - y.percent(point[1]):.2f}"


def _text(points: Points, x: Scale, y: Scale) -> str:
    return " ".join(",".join(_place(point, x, y)) for point in points)
