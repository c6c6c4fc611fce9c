"""Looks through a whole file once: what it proves by itself, and what has to be asked."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from evently.errors import Invalid
from events.importing.calendars import Calendar, read_calendar
from events.importing.candidates import candidate_of
from events.importing.dates import BOTH_ORDERS, DayOrder, orders_of
from events.importing.files import Kind, Source, kind_of
from events.importing.occurrences import candidates_of
from events.importing.plan import Candidate, Plan, Refusal
from events.importing.reading import read_rows

MOST_EXAMPLES = 3


class Undecided(Invalid):
    """The file leaves something open that must be asked; `fields` has a question for each."""

    code = "import_undecided"
    message = "The file leaves something open."


@dataclass
class Survey:
    """What a file is like as a whole.

    day_order: the one that its dates prove. open_dates: examples of dates that may be read in two
    ways. contradicts: whether some dates are only valid with the day first, and others only with
    the month first. needs_zone: whether there are times without a time zone. left_out: columns or
    properties whose contents are not imported, with how often each is filled in.
    """

    kind: Kind
    rows: int = 0
    day_order: DayOrder | None = None
    open_dates: list[str] = field(default_factory=list)
    contradicts: bool = False
    needs_zone: bool = False
    left_out: Counter[str] = field(default_factory=Counter)
    calendar: Calendar | None = None


def survey(source: Source) -> Survey:
    """Look through a file. Raises NotImportable."""
    kind = kind_of(source)
    if kind is Kind.ICALENDAR:
        calendar = read_calendar(source)
        return Survey(
            kind=kind,
            rows=sum(map(len, calendar.entries.values())),
            needs_zone=calendar.needs_zone,
            left_out=Counter(calendar.left_out),
            calendar=calendar,
        )
    found = Survey(kind=kind)
    proofs: set[DayOrder] = set()
    for row in read_rows(source):
        found.rows += 1
        found.left_out.update(row.extras.keys())
        found.needs_zone |= not row.get("time zone")
        for column in ("start date", "end date"):
            orders = orders_of(row.get(column))
            if orders is not None and len(orders) == 1:
                proofs |= orders
            elif orders == BOTH_ORDERS and len(found.open_dates) < MOST_EXAMPLES:
                found.open_dates.append(row.get(column))
    found.contradicts = len(proofs) > 1
    found.day_order = next(iter(proofs)) if len(proofs) == 1 else None
    return found


def answered(found: Survey, plan: Plan) -> Plan:
    """Return the plan with what the file proves.

    Raises Undecided, with questions by the plan's fields, where neither decides.
    """
    questions = {}
    if found.needs_zone and not plan.timezone:
        questions["timezone"] = (
            "The file has times without a time zone. Choose the one that they are in."
        )
    order = plan.day_order or found.day_order
    if order is None and found.contradicts:
        questions["day_order"] = (
            "Some dates of the file have the day first, others the month. Choose one order; rows "
            "with the other are refused."
        )
    elif order is None and found.open_dates:
        questions["day_order"] = (
            f"A date such as {found.open_dates[0]} can be read with the day or with the month "
            "first, and no date of the file shows which. Choose one."
        )
    if questions:
        raise Undecided(fields=questions)
    return replace(plan, day_order=order)


def outcomes_of(source: Source, found: Survey, plan: Plan) -> Iterator[Candidate | Refusal]:
    """Yield a candidate or refusal for each row, refusing duplicates of earlier ones.

    plan: as `answered` returns it.
    """
    if found.calendar is not None:
        outcomes = candidates_of(found.calendar, plan)
    else:
        outcomes = (candidate_of(row, plan) for row in read_rows(source))
    seen: dict[str, int] = {}
    for one in outcomes:
        if isinstance(one, Candidate):
            first = seen.setdefault(one.source_key, one.line)
            if first != one.line:
                message = f"It is the same as line {first}."
                yield Refusal(one.line, one.name, "duplicate", message)
                continue
        yield one


def in_batches(
    outcomes: Iterator[Candidate | Refusal], *, size: int
) -> Iterator[list[Candidate | Refusal]]:
    while batch := list(islice(outcomes, size)):
        yield batch
