"""Runs an import: compares candidates with each other and with existing events, then inserts.

Each batch is one transaction, so after a crash a second run imports the rest.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from uuid import UUID

from evently.transactions import run_in_transaction
from events.importing.candidates import Candidate, Plan, Refusal, candidate_of
from events.importing.reading import Row
from events.models import Event
from events.operations.validation import check_event

BATCH = 500


@dataclass
class Summary:
    """The result of an import, in numbers of rows.

    moved: imported events that were moved into the future. refused: by reason, a key of REASONS.
    """

    rows: int = 0
    imported: int = 0
    moved: int = 0
    refused: Counter[str] = field(default_factory=Counter)


def check_plan(plan: Plan) -> None:
    """Validate what all events of the import share: seats, price, currency, time zone.

    Once for the whole import; of each row, only what is its own is checked.
    Raises Invalid, with messages by field.
    """
    sample = Event(
        name="Event", venue="Venue", event_date=plan.now + timedelta(days=1), **plan.columns
    )
    check_event(sample, at=plan.now)


def preview(
    rows: Iterable[Row], *, plan: Plan, organizer_id: UUID, most: int = BATCH
) -> list[Candidate | Refusal]:
    """Return the candidates and refusals of the first rows, in order, without importing them."""
    outcomes: list[Candidate | Refusal] = []
    for batch in _batches(_outcomes(rows, plan), size=most):
        known = _known_keys(batch, organizer_id)
        outcomes += [_refuse_known(one, known) for one in batch]
        break
    return outcomes


def import_rows(
    rows: Iterable[Row],
    *,
    plan: Plan,
    organizer_id: UUID,
    dry_run: bool = False,
    on_refusal: Callable[[Refusal], None] = lambda refusal: None,
    on_batch: Callable[[Summary], None] = lambda summary: None,
) -> Summary:
    """Import rows in batches; each row is imported or refused by itself.

    on_refusal: called for each row that is not imported. on_batch: called after each batch, with
    the summary so far.
    Raises Invalid (plan) and NotImportable (rows); what was imported until then stays, and is not
    imported again.
    """
    check_plan(plan)
    summary = Summary()
    for batch in _batches(_outcomes(rows, plan), size=BATCH):
        known = _known_keys(batch, organizer_id)
        outcomes = [_refuse_known(one, known) for one in batch]
        candidates = [one for one in outcomes if isinstance(one, Candidate)]
        made = (
            {candidate.source_key for candidate in candidates}
            if dry_run
            else add_events(candidates, plan=plan, organizer_id=organizer_id)
        )
        for one in outcomes:
            summary.rows += 1
            if isinstance(one, Candidate) and one.source_key in made:
                summary.imported += 1
                summary.moved += one.moved
                continue
            # A candidate that was not inserted: another import of the file ran at the same time.
            refusal = one if isinstance(one, Refusal) else _imported_before(one)
            summary.refused[refusal.reason] += 1
            on_refusal(refusal)
        on_batch(summary)
    return summary


def add_events(candidates: list[Candidate], *, plan: Plan, organizer_id: UUID) -> set[str]:
    """Insert candidates in one transaction; return the source keys of the events inserted.

    Candidates that another import has inserted meanwhile are skipped.
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


def _outcomes(rows: Iterable[Row], plan: Plan) -> Iterator[Candidate | Refusal]:
    """Turn rows into candidates and refusals, refusing duplicates of earlier rows."""
    seen: dict[str, int] = {}
    for row in rows:
        one = candidate_of(row, plan)
        if isinstance(one, Candidate):
            first = seen.setdefault(one.source_key, one.line)
            if first != one.line:
                one = Refusal(one.line, one.name, "duplicate", f"It is the same as line {first}.")
        yield one


def _known_keys(batch: Iterable[Candidate | Refusal], organizer_id: UUID) -> set[str]:
    """Return the source keys in a batch that the organizer has imported before."""
    keys = [one.source_key for one in batch if isinstance(one, Candidate)]
    known = Event.objects.filter(created_by_id=organizer_id, source_key__in=keys)
    return {key for key in known.values_list("source_key", flat=True) if key}


def _refuse_known(one: Candidate | Refusal, known: set[str]) -> Candidate | Refusal:
    if isinstance(one, Candidate) and one.source_key in known:
        return _imported_before(one)
    return one


def _imported_before(one: Candidate) -> Refusal:
    return Refusal(one.line, one.name, "already_imported", "It has already been imported.")


def _batches(
    outcomes: Iterable[Candidate | Refusal], *, size: int
) -> Iterator[list[Candidate | Refusal]]:
    iterator = iter(outcomes)
    while batch := list(islice(iterator, size)):
        yield batch
