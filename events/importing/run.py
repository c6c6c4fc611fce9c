"""Runs an import: compares candidates with existing events, then inserts.

Each batch is one transaction, so after a crash a second run imports the rest. A row that the
database refuses is refused alone.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.db import DataError, IntegrityError, transaction

from evently.errors import Invalid
from evently.transactions import run_in_transaction, violated_constraint
from events.importing.files import Source
from events.importing.plan import Candidate, Plan, Refusal
from events.importing.survey import Survey, answered, in_batches, outcomes_of, survey
from events.models import Event
from events.operations.validation import check_event

BATCH = 500
# What a constraint of the database says about a row, in words.
VIOLATIONS = {
    "chk_event_date": "It does not start in the future.",
    "chk_event_ends": "It ends before it starts.",
    "unq_event_source": "It has already been imported.",
}


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
    """Validate what all events of the import share: seats, price, currency, time zone, venue.

    Raises Invalid, with messages by field.
    """
    sample = Event(
        name="Event",
        venue=plan.venue or "Venue",
        event_date=plan.now + timedelta(days=1),
        timezone=plan.timezone or "UTC",
        **plan.columns,
    )
    check_event(sample, at=plan.now)


def import_file(
    source: Source,
    *,
    plan: Plan,
    organizer_id: UUID,
    dry_run: bool = False,
    on_survey: Callable[[Survey, Plan], None] = lambda found, plan: None,
    on_refusal: Callable[[Refusal], None] = lambda refusal: None,
    on_batch: Callable[[Summary], None] = lambda summary: None,
) -> Summary:
    """Import a file in batches; each row is imported or refused by itself.

    on_survey: called once, with what the file is like and the plan as it is carried out.
    on_refusal: called for each row that is not imported. on_batch: called after each batch, with
    the summary so far.
    Raises Invalid (plan), Undecided (plan, for what the file leaves open) and NotImportable (file);
    what was imported until then stays, and is not imported again.
    """
    check_plan(plan)
    found = survey(source)
    plan = answered(found, plan)
    on_survey(found, plan)
    summary = Summary()
    for batch in in_batches(outcomes_of(source, found, plan), size=BATCH):
        known = _known_keys(batch, organizer_id)
        outcomes = [_settled(one, known, plan) for one in batch]
        candidates = [one for one in outcomes if isinstance(one, Candidate)]
        refused = {} if dry_run else add_events(candidates, plan=plan, organizer_id=organizer_id)
        for one in outcomes:
            summary.rows += 1
            refusal = one if isinstance(one, Refusal) else refused.get(one.source_key)
            if refusal is None:
                summary.imported += 1
                summary.moved += one.moved if isinstance(one, Candidate) else 0
                continue
            summary.refused[refusal.reason] += 1
            on_refusal(refusal)
        on_batch(summary)
    return summary


def add_events(
    candidates: list[Candidate], *, plan: Plan, organizer_id: UUID
) -> dict[str, Refusal]:
    """Insert candidates in one transaction; return refusals by source key of those left out.

    Candidates that another import has inserted meanwhile are left out, as are those that the
    database refuses.
    """
    if not candidates:
        return {}

    def work() -> dict[str, Refusal]:
        refused: dict[str, Refusal] = {}
        ids = _insert(candidates, plan, organizer_id, refused)
        made = Event.objects.filter(pk__in=ids.values())
        keys = set(made.values_list("source_key", flat=True))
        for one in candidates:
            if one.source_key not in keys:
                refused.setdefault(one.source_key, _imported_before(one))
        return refused

    return run_in_transaction(work)


def _insert(
    candidates: list[Candidate], plan: Plan, organizer_id: UUID, refused: dict[str, Refusal]
) -> dict[str, UUID]:
    """Insert in one statement; where the database refuses it, halves are tried, down to the row."""
    drafts = [event_of(one, plan, organizer_id) for one in candidates]
    try:
        with transaction.atomic():
            Event.objects.bulk_create(drafts, ignore_conflicts=True)
    except (IntegrityError, DataError) as error:
        if len(candidates) == 1:
            (one,) = candidates
            name = violated_constraint(error) or ""
            text = VIOLATIONS.get(name, f"The database refuses its values ({name or 'range'}).")
            refused[one.source_key] = Refusal(one.line, one.name, "invalid", text)
            return {}
        middle = len(candidates) // 2
        return _insert(candidates[:middle], plan, organizer_id, refused) | _insert(
            candidates[middle:], plan, organizer_id, refused
        )
    return {draft.source_key or "": draft.pk for draft in drafts}


def event_of(candidate: Candidate, plan: Plan, organizer_id: UUID) -> Event:
    return Event(
        created_by_id=organizer_id,
        source_key=candidate.source_key,
        **plan.columns,
        **candidate.columns,
    )


def checked(candidate: Candidate, plan: Plan) -> Candidate | Refusal:
    """Refuse a candidate whose event is not valid, for the first problem."""
    event = Event(source_key=candidate.source_key, **plan.columns, **candidate.columns)
    try:
        check_event(event, at=plan.now)
    except Invalid as problem:
        message = next(iter(problem.fields.values()), problem.text)
        return Refusal(candidate.line, candidate.name, "invalid", message)
    return candidate


def _known_keys(batch: Iterable[Candidate | Refusal], organizer_id: UUID) -> set[str]:
    """Return the source keys in a batch that the organizer has imported before."""
    keys = [one.source_key for one in batch if isinstance(one, Candidate)]
    known = Event.objects.filter(created_by_id=organizer_id, source_key__in=keys)
    return {key for key in known.values_list("source_key", flat=True) if key}


def _settled(one: Candidate | Refusal, known: set[str], plan: Plan) -> Candidate | Refusal:
    if isinstance(one, Refusal):
        return one
    return _imported_before(one) if one.source_key in known else checked(one, plan)


def _imported_before(one: Candidate) -> Refusal:
    return Refusal(one.line, one.name, "already_imported", "It has already been imported.")
