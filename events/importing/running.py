"""Runs an import: candidates are compared with each other and with what there is, then inserted.

Each batch is one transaction, so a crash leaves whole events, and a second run takes up the rest.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from uuid import UUID

from evently.errors import Invalid
from evently.transactions import run_in_transaction
from events.importing.candidates import Candidate, Plan, Refusal, candidate_of
from events.importing.reading import Row
from events.models import Event
from events.operations.checking import check_event

BATCH = 500
CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass
class Summary:
    """What an import did. refused: how many rows, by reason. rows: how many were read."""

    rows: int = 0
    imported: int = 0
    moved: int = 0
    refused: Counter[str] = field(default_factory=Counter)


def check_plan(plan: Plan) -> None:
    """Refuse what no event of the import could have: seats, price, time zone, currency.

    Rows are checked one by one for what is their own, so this is asked once, not 6,000 times.
    Raises Invalid, with sentences by field.
    """
    if not CURRENCY.fullmatch(plan.currency):
        raise Invalid(fields={"currency": "Give the three letters of a currency, like EUR."})
    sample = Event(
        name="Event", venue="Place", event_date=plan.now + timedelta(days=1), **plan.columns
    )
    check_event(sample, at=plan.now)


def preview(
    rows: Iterable[Row], *, plan: Plan, organizer_id: UUID, most: int = BATCH
) -> list[Candidate | Refusal]:
    """Return what an import would make of the first rows, in their order, and change nothing."""
    judged: list[Candidate | Refusal] = []
    for batch in _batches(_judged(rows, plan), size=most):
        known = _known_keys(batch, organizer_id)
        judged += [_unless_known(one, known) for one in batch]
        break
    return judged


def import_rows(
    rows: Iterable[Row],
    *,
    plan: Plan,
    organizer_id: UUID,
    dry_run: bool = False,
    on_refusal: Callable[[Refusal], None] = lambda refusal: None,
    on_batch: Callable[[Summary], None] = lambda summary: None,
) -> Summary:
    """Import rows, in batches; each row is taken or refused by itself.

    on_refusal: told of each row that is not taken. on_batch: told how far it is.
    Raises Invalid (plan), NotImportable (from the rows); what was imported until then stays, and
    is not imported again.
    """
    check_plan(plan)
    summary = Summary()
    for batch in _batches(_judged(rows, plan), size=BATCH):
        known = _known_keys(batch, organizer_id)
        judged = [_unless_known(one, known) for one in batch]
        candidates = [one for one in judged if isinstance(one, Candidate)]
        made = (
            {candidate.source_key for candidate in candidates}
            if dry_run
            else add_events(candidates, plan=plan, organizer_id=organizer_id)
        )
        for one in judged:
            summary.rows += 1
            if isinstance(one, Candidate) and one.source_key in made:
                summary.imported += 1
                summary.moved += one.moved
                continue
            # A candidate that was not made: another import of the same file was faster.
            refusal = one if isinstance(one, Refusal) else _imported_before(one)
            summary.refused[refusal.reason] += 1
            on_refusal(refusal)
        on_batch(summary)
    return summary


def add_events(candidates: list[Candidate], *, plan: Plan, organizer_id: UUID) -> set[str]:
    """Insert checked candidates in one transaction; return the source keys of those it made.

    What another import has made meanwhile is left as it is.
    """
    if not candidates:
        return set()

    def work() -> set[str]:
        drafts = [
            Event(
                created_by_id=organizer_id,
                source_key=candidate.source_key,
                **plan.columns,
                **candidate.columns,
            )
            for candidate in candidates
        ]
        Event.objects.bulk_create(drafts, ignore_conflicts=True)
        made = Event.objects.filter(pk__in=[draft.pk for draft in drafts])
        return {key for key in made.values_list("source_key", flat=True) if key}

    return run_in_transaction(work)


def _judged(rows: Iterable[Row], plan: Plan) -> Iterator[Candidate | Refusal]:
    """Judge each row by itself and by the rows before it."""
    seen: dict[str, int] = {}
    for row in rows:
        one = candidate_of(row, plan)
        if isinstance(one, Candidate):
            first = seen.setdefault(one.source_key, one.line)
            if first != one.line:
                one = Refusal(
                    one.line, one.name, "duplicate", f"It stands in line {first} already."
                )
        yield one


def _known_keys(batch: Iterable[Candidate | Refusal], organizer_id: UUID) -> set[str]:
    """Return which of a batch the organizer has imported before."""
    keys = [one.source_key for one in batch if isinstance(one, Candidate)]
    known = Event.objects.filter(created_by_id=organizer_id, source_key__in=keys)
    return {key for key in known.values_list("source_key", flat=True) if key}


def _unless_known(one: Candidate | Refusal, known: set[str]) -> Candidate | Refusal:
    if isinstance(one, Candidate) and one.source_key in known:
        return _imported_before(one)
    return one


def _imported_before(one: Candidate) -> Refusal:
    return Refusal(one.line, one.name, "already_imported", "It was imported before.")


def _batches(
    judged: Iterable[Candidate | Refusal], *, size: int
) -> Iterator[list[Candidate | Refusal]]:
    iterator = iter(judged)
    while batch := list(islice(iterator, size)):
        yield batch
