"""Points to SVG: what all charts are made of.

x and y are percentages of a drawing, y from its top, so that it fits any width. A drawing is shown
by templates/components/drawing.html, and in the admin with its table by templates/admin/chart.html.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evently.charts.axes import Mark, Scale, Tick

# Points (x, y) in the units of the axes.
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Line:
    """A line, and the dot at its end if it has one. style: "main", "rest1" …, "guess" or "plan"."""

    style: str
    label: str
    points: str
    dot: tuple[str, str] | None = None


@dataclass(frozen=True)
class Band:
    """The area between two lines, or below one."""

    label: str
    points: str


@dataclass(frozen=True)
class Table:
    """The figures of a chart. The first cell of a row is its heading."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Chart:
    """One drawing with its table. summary: what it shows, in a sentence, for screen readers.

    title: where a page shows several drawings below one heading; table: None where they share one.
    """

    summary: str
    lines: Sequence[Line]
    marks: Sequence[Mark]
    ticks: Sequence[Tick]
    table: Table | None = None
    bands: Sequence[Band] = ()
    title: str = ""


def line(
    style: str,
    label: str,
    points: Points,
    x: Scale,
    y: Scale,
    *,
    stepped: bool = False,
    dotted: bool = False,
) -> Line:
    """Draw a line through points, or a dot where there is only one.

    stepped: each value holds until the next. dotted: with a dot at its end in any case.
    """
    drawn = _corners(points) if stepped else list(points)
    has_dot = dotted or len(set(points)) == 1
    return Line(style, label, _text(drawn, x, y), _place(points[-1], x, y) if has_dot else None)


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


def area(drawn: Line) -> Band:
    """Return the area below a line that is drawn from one side to the other."""
    return Band("", f"0,100 {drawn.points} 100,100")


def _corners(points: Points) -> list[tuple[float, float]]:
    corners: list[tuple[float, float]] = []
    for number, (at, value) in enumerate(points):
        if corners and corners[-1][1] == value and number < len(points) - 1:
            continue
        if corners and corners[-1][1] != value:
            corners.append((at, corners[-1][1]))
        corners.append((at, value))
    return corners


def _place(point: tuple[float, float], x: Scale, y: Scale) -> tuple[str, str]:
    return f"{x.percent(point[0]):.2f}", f"{100 - y.percent(point[1]):.2f}"


def _text(points: Points, x: Scale, y: Scale) -> str:
    return " ".join(",".join(_place(point, x, y)) for point in points)
