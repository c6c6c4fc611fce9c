"""Sales of events against the time left, and how those of an event may go on. Pure.

Days are counted back from the day of the event, which is 0. Shares are of the capacity, 0 to 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median


@dataclass(frozen=True)
class SalesCurve:
    """Seats booked in all by the days left. seats: of days on which they changed, at their end."""

    name: str
    capacity: int
    seats: Mapping[int, int]

    @cached_property
    def first_day(self) -> int:
        """How many days before the event the first seats were booked; 0 without any."""
        return max((day for day in self.seats if day >= 0), default=0)

    def seats_at(self, days_left: int) -> int:
        """Return the seats that were booked at the end of a day."""
        known = [day for day in self.seats if day >= days_left]
        return self.seats[min(known)] if known else 0

    def share_at(self, days_left: int) -> float:
        return min(self.seats_at(days_left) / self.capacity, 1.0) if self.capacity else 0.0

    def shares(self, first: int, last: int = 0) -> list[tuple[int, float]]:
        """Return the share of each day from one down to another."""
        share, shares = self.share_at(first), []
        for day in range(first, last - 1, -1):
            if day in self.seats:
                share = self.share_at(day)
            shares.append((day, share))
        return shares


@dataclass(frozen=True)
class Expected:
    """The share that may be booked on a day: the middle of what is likely, and its range."""

    days_left: int
    low: float
    middle: float
    high: float


def telling(earlier: Sequence[SalesCurve], *, days_left: int) -> list[SalesCurve]:
    """Return the events that tell how sales go on: those that were not full by then."""
    return [event for event in earlier if event.share_at(days_left) < 1]


def forecast(curve: SalesCurve, *, days_left: int, earlier: Sequence[SalesCurve]) -> list[Expected]:
    """Return how sales may go on, for each day until the event; empty if nothing tells.

    Each earlier event tells which share of its seats was still booked, less what was cancelled,
    from as many days before ("additive pickup", as of Weatherford and Kimes 2003, doi:
    10.1016/S0169-2070(02)00011-0). The middle is the median of these, the range the lowest and the
    highest. Only of the events that are `telling`.
    """
    told_by = telling(earlier, days_left=days_left)
    if not told_by or days_left < 0:
        return []
    start = curve.share_at(days_left)
    gained = [
        [share - event.share_at(days_left) for _, share in event.shares(days_left)]
        for event in told_by
    ]
    expected = []
    for number, day in enumerate(range(days_left, -1, -1)):
        shares = [min(max(start + event[number], 0.0), 1.0) for event in gained]
        expected.append(Expected(day, min(shares), median(shares), max(shares)))
    return expected
