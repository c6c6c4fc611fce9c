"""The figures that a run is held against: one line each."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.measures import bookings, emails, pages
from bench.parts import cancelling, hanging_mail, memory
from bench.report.results import Results
from bench.stage.cpu import WEB, WORKER

# None where it was not measured in this run.
Value = Callable[[Results], float | None]


@dataclass(frozen=True)
class Target:
    """A figure that should be reached."""

    text: str
    bound: float
    value: Value
    at_most: bool = True

    def is_met(self, value: float) -> bool:
        return value <= self.bound if self.at_most else value >= self.bound

    def line(self, value: float) -> str:
        sign = "≤" if self.at_most else "≥"
        verdict = "met" if self.is_met(value) else "NOT MET"
        return f"{self.text:64} {value:10.2f}  {sign} {self.bound:<6g} {verdict}"


def cpu_of(name: str) -> Value:
    """Return CPU milliseconds per operation of a measure."""
    return lambda results: results.figures()[name].cpu if name in results.rounds else None


def rate_of(name: str) -> Value:
    """Return operations of a measure per second."""
    return lambda results: results.figures()[name].rate if name in results.rounds else None


def rates(name: str, other: str) -> Value:
    """Return the ratio of two measures' rates."""

    def value(results: Results) -> float | None:
        is_known = name in results.rounds and other in results.rounds
        return results.rate_ratio(name, other) if is_known else None

    return value


def single(name: str) -> Value:
    """Return a figure that is measured once."""
    return lambda results: results.single.get(name)


def at_least(text: str, bound: float, value: Value) -> Target:
    return Target(text, bound, value, at_most=False)


TARGETS = (
    Target("CPU per booking with its email, ms", 8, cpu_of(bookings.BOOKING)),
    at_least(
        "bookings over 50 events ÷ bare view that writes the same",
        0.6,
        rates(bookings.BOOKING, bookings.BARE_BOOKING),
    ),
    at_least(
        "bookings on one hot event ÷ over 50 events",
        0.9,
        rates(bookings.HOT_BOOKING, bookings.BOOKING),
    ),
    at_least("sold-out refusals ÷ bookings", 1.5, rates(bookings.SOLD_OUT, bookings.BOOKING)),
    Target("CPU per email, ms", 3, cpu_of(emails.EMAIL)),
    Target("CPU per event page of a visitor, ms", 2, cpu_of(pages.EVENT_PAGE)),
    Target("CPU per home page of a visitor, ms", 4, cpu_of(pages.HOME)),
    Target("CPU per page of own bookings, ms", 10, cpu_of(pages.MY_BOOKINGS)),
    Target("CPU per inbox, ms", 10, cpu_of(pages.INBOX)),
    Target("CPU per checkout page, ms", 10, cpu_of(pages.CHECKOUT)),
    at_least("purchases in pages per second, logged in", 60, rate_of(pages.PURCHASE)),
    at_least("purchases in pages per second, as a guest", 60, rate_of(pages.GUEST_PURCHASE)),
    *(
        Target(name, bound, single(name))
        for name, bound in (
            (cancelling.LONGEST_LOCK, 0.5),
            (hanging_mail.LONGEST_OVERDUE, 10),
            (memory.growth_of(WEB), 1.05),
            (memory.growth_of(WORKER), 1.05),
        )
    ),
)


def targets_met(results: Results) -> dict[str, bool | None]:
    """Return whether each target is met, by its text; None where it was not measured."""
    found = {}
    for target in TARGETS:
        value = target.value(results)
        found[target.text] = None if value is None else target.is_met(value)
    return found
