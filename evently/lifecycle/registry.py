"""The registry of retention rules: which data is kept how long, and what becomes of it then.

Each app has a module `retention` that registers its rules and the tables that are kept; they are
found by module name, since the platform imports no app. The nightly task, `manage.py lifecycle`,
docs/lifecycle.md and the privacy notice are made from it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.utils.module_loading import autodiscover_modules

from evently.formatting import counted

# Does its work in batches that are committed one by one, and yields how many rows each had.
Work = Callable[[], Iterator[int]]
# The order in which rules run: rows leave for the archive before what they refer to.
FIRST, SECOND, THIRD, LAST = range(4)


@dataclass(frozen=True)
class Period:
    """How long something is kept. since: from when that counts, as in "the end of the event"."""

    since: str
    years: int = 0
    months: int = 0
    days: int = 0

    @property
    def interval(self) -> str:
        """The period as PostgreSQL writes it."""
        parts = ((self.years, "year"), (self.months, "mon"), (self.days, "day"))
        return " ".join(counted(number, word) for number, word in parts if number)

    @property
    def length(self) -> str:
        parts = ((self.years, "year"), (self.months, "month"), (self.days, "day"))
        return " ".join(counted(number, word) for number, word in parts if number)

    def __str__(self) -> str:
        return f"{self.length} after {self.since}" if self.length else self.since.capitalize()


@dataclass(frozen=True)
class Rule:
    """What becomes of rows of one table after a period.

    name: unique, as `--only` takes it, together with the table's. data: what the rows are, for
    attendees and organizers. then, how: what happens, and by what means. ground: why so long, with
    the article of the GDPR. due: counts the rows that are due now. work: does it. carried_out: how,
    for a rule that has a task of its own instead.
    """

    name: str
    table: str
    data: str
    period: Period
    then: str
    how: str
    ground: str
    due: Callable[[], int] | None = None
    work: Work | None = None
    carried_out: str = "each night"
    order: int = FIRST
    personal: bool = True

    def matches(self, word: str) -> bool:
        return word in (self.name, self.table)


@dataclass(frozen=True)
class Kept:
    """A table whose rows are kept as long as what they belong to. because: why; a sentence.

    data, until, ground: for the privacy notice, as in a rule, where the rows are about a person by
    themselves.
    """

    table: str
    because: str
    data: str = ""
    until: str = ""
    ground: str = ""


_rules: dict[str, Rule] = {}
_kept: dict[str, Kept] = {}


def register(*entries: Rule | Kept) -> None:
    """Register rules and tables that are kept. Raises ValueError for a name that exists."""
    for entry in entries:
        known = _rules if isinstance(entry, Rule) else _kept
        name = entry.name if isinstance(entry, Rule) else entry.table
        if name in known:
            raise ValueError(f"There are two retention rules named {name!r}.")
        known[name] = entry  # type: ignore[assignment]


def rules() -> list[Rule]:
    """Return all rules, in the order in which they run."""
    autodiscover_modules("retention")
    return sorted(_rules.values(), key=lambda rule: (rule.order, rule.name))


def kept() -> list[Kept]:
    """Return the tables that are kept, by name."""
    autodiscover_modules("retention")
    return sorted(_kept.values(), key=lambda entry: entry.table)
