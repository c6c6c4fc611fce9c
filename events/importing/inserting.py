"""Inserts events: a row that is not valid, or that the database refuses, is refused alone."""

from datetime import timedelta
from uuid import UUID

from django.db import DataError, IntegrityError, transaction

from evently.errors import Invalid
from evently.transactions import violated_constraint
from events.importing.plan import Candidate, Plan, Refusal
from events.models import Event
from events.operations.validation import check_event

# What a constraint of the database says about a row, in words.
VIOLATIONS = {
    "chk_event_date": "It does not start in the future.",
    "chk_event_ends": "It ends before it starts.",
    "unq_event_source": "It has already been imported.",
}


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


def add_events(
    candidates: list[Candidate], *, plan: Plan, organizer_id: UUID
) -> dict[str, Refusal]:
    """Insert candidates in the caller's transaction; return refusals of those left out, by key.

    Candidates that another import has inserted meanwhile are left out, as are those that the
    database refuses.
    """
    refused: dict[str, Refusal] = {}
    if not candidates:
        return refused
    ids = _insert(candidates, plan, organizer_id, refused)
    made = Event.objects.filter(pk__in=ids.values())
    keys = set(made.values_list("source_key", flat=True))
    for one in candidates:
        if one.source_key not in keys:
            refused.setdefault(one.source_key, _imported_before(one))
    return refused


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


def _imported_before(one: Candidate) -> Refusal:
    return Refusal(one.line, one.name, "already_imported", "It has already been imported.")
