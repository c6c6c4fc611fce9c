"""The axes of charts: where values are drawn, and the few labels that are readable on a phone."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock
from zoneinfo import ZoneInfo

from evently.local_time import nearest_moment

MOST_TICKS = 5
MOST_DAYS = 3
MOST_MARKS = 4
DAY_STEPS = (1, 2, 5, 7, 14, 30, 60, 90, 120, 180)
# Where the ends of a scale are drawn that does not begin at 0: the rest is for their labels.
INNER = (100 / 6, 500 / 6)
# Labels of lines that are closer would be printed on each other, in percent of the height.
CLOSE = 9.0
# Times shorter than this are shown with the hour.
SHORT = timedelta(days=2)


@dataclass(frozen=True)
class Scale:
    """From low to high along an axis; where both are the same, everything is in the middle.

    start, end: where they are drawn, in percent.
    """

    low: float
    high: float
    start: float = 0.0
    end: float = 100.0

    def percent(self, value: float) -> float:
        share = 0.5
        if self.high != self.low:
            share = min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)
        return self.start + share * (self.end - self.start)


@dataclass(frozen=True)
class Mark:
    """A horizontal line, in percent from the top, with its label above it or below.

    style: "grid", or "bound" for one that the values never cross. start, end: where the line is
    drawn, in percent. A line without text has no label.
    """

    y: float
    text: str
    style: str = "grid"
    is_below: bool = False
    start: float = 0.0
    end: float = 100.0

    @property
    def at(self) -> str:
        return f"{self.y:.2f}"

    @property
    def ends(self) -> tuple[str, str]:
        return f"{self.start:.2f}", f"{self.end:.2f}"


@dataclass(frozen=True)
class Tick:
    """A label below a chart, and where, in percent."""

    x: float
    text: str

    @property
    def at(self) -> str:
        return f"{self.x:.2f}"

    @property
    def side(self) -> str:
        """Which part of the label lies there: "start", "middle" or "end"."""
        return "start" if self.x < 5 else "end" if self.x > 95 else "middle"


def mark(value: float, text: str, y: Scale, *, style: str = "grid", is_below: bool = False) -> Mark:
    return Mark(100 - y.percent(value), text, style, is_below)


def apart(first: Sequence[Mark], others: Iterable[Mark]) -> list[Mark]:
    """Return labelled lines without those whose label would be printed on that of a first one."""
    return [
        *first,
        *(other for other in others if all(abs(other.y - kept.y) >= CLOSE for kept in first)),
    ]


def scale_up(highest: float, text: Callable[[float], str]) -> tuple[Scale, list[Mark]]:
    """Return the scale from 0 that holds a value, and the marks of round values above 0."""
    step = _round_step(max(highest, 1) / MOST_MARKS)
    count = max(-int(-max(highest, 1) // step), 1)
    y = Scale(0, count * step)
    return y, [mark(step * number, text(step * number), y) for number in range(1, count + 1)]


def _round_step(least: float) -> int:
    """Return the next of 1, 2, 5, 10, 20, 50, 100 and so on."""
    size = 1
    while True:
        for step in (size, 2 * size, 5 * size):
            if step >= least:
                return step
        size *= 10


# ── Time ────────────────────────────────────────────────────────────────────
def scale_of_time(first: datetime, last: datetime) -> Scale:
    """Return the scale of timestamps from one moment to another."""
    return Scale(first.timestamp(), last.timestamp())


def ticks_of_time(x: Scale, zone: ZoneInfo) -> list[Tick]:
    """Return the labels of a scale of timestamps, in a time zone: its ends, and days between.

    A day is where its midnight is, also near a change of the clocks. Short times have the hour,
    and the zone's abbreviation if it changes in between.
    """
    first, last = (datetime.fromtimestamp(end, zone) for end in (x.low, x.high))
    if x.high - x.low >= SHORT.total_seconds():

        def midnight(day: date) -> float:
            return nearest_moment(datetime.combine(day, clock()), zone).timestamp()

        return _ticks_of_days(first.date(), last.date(), x, midnight)
    form = "%b, %H:%M" if first.utcoffset() == last.utcoffset() else "%b, %H:%M %Z"
    ends = [first] if x.low == x.high else [first, last]
    return [Tick(x.percent(at.timestamp()), f"{at.day} {at:{form}}") for at in ends]


def ticks_of_days(x: Scale) -> list[Tick]:
    """Return the labels of a scale of days, in ordinal numbers."""
    first, last = (date.fromordinal(int(end)) for end in (x.low, x.high))
    return _ticks_of_days(first, last, x, lambda day: day.toordinal())


def _ticks_of_days(first: date, last: date, x: Scale, place: Callable[[date], float]) -> list[Tick]:
    """Return the labels of a few days, the first and the last among them, at the ends."""
    form = "%b" if first.year == last.year else "%b %Y"
    days = [first + timedelta(days=number) for number in chosen((last - first).days + 1, MOST_DAYS)]
    places = [x.low, *(place(day) for day in days[1:-1]), x.high][: len(days)]
    return [
        Tick(x.percent(at), f"{day.day} {day:{form}}") for day, at in zip(days, places, strict=True)
    ]


def ticks_left(first: int, x: Scale) -> list[Tick]:
    """Return the labels of days before an event, from the first one to the event itself."""
    step = next((days for days in DAY_STEPS if first <= days * (MOST_TICKS - 1)), first or 1)
    texts = {0: "event", 1: "1 day before"}
    return [
        Tick(x.percent(-day), texts.get(day, f"{day} days"))
        for day in reversed(range(0, first + 1, step))
    ]


def chosen(count: int, most: int) -> list[int]:
    """Return the numbers of some of so many things, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return sorted({round((count - 1) * number / (most - 1)) for number in range(most)})
