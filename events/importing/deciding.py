"""Decides what an import does with each row: a new event, a change of one, or nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from events.import_models import EventImportRow, RowOutcome, RowState
from events.importing.inserting import checked
from events.importing.plan import Candidate, Plan, Refusal
from events.importing.stored import columns_of
from events.models import Event

# What a file may change of an event that was imported from it before.
COMPARED = ("name", "venue", "description", "event_date", "ends_at", "timezone")


@dataclass(frozen=True)
class Decision:
    """What becomes of a row.

    changes: columns of the event that exists already, each with its value before and after.
    """

    row: Candidate | Refusal
    outcome: RowOutcome
    reason: str = ""
    message: str = ""
    event_id: UUID | None = None
    version: int | None = None
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


def decide(
    batch: Iterable[Candidate | Refusal], *, plan: Plan, organizer_id: UUID
) -> list[Decision]:
    """Return the decisions for a batch of rows, in three queries at most."""
    batch = list(batch)
    keys = [one.source_key for one in batch if isinstance(one, Candidate)]
    events = {
        event.source_key: event
        for event in Event.objects.filter(created_by_id=organizer_id, source_key__in=keys)
    }
    before = _imported_before([event.pk for event in events.values()])
    return [_decision(one, events, before, plan) for one in batch]


def _imported_before(event_ids: list[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return the columns that each event was last imported with."""
    if not event_ids:
        return {}
    rows = (
        EventImportRow.objects.filter(event_id__in=event_ids, state=RowState.DONE)
        .order_by("event_id", "-id")
        .distinct("event_id")
    )
    return {row.event_id: columns_of(row.columns) for row in rows if row.event_id}


def _decision(
    one: Candidate | Refusal,
    events: Mapping[str | None, Event],
    before: Mapping[UUID, Mapping[str, Any]],
    plan: Plan,
) -> Decision:
    if isinstance(one, Candidate) and one.source_key not in events:
        one = checked(one, plan)
        if isinstance(one, Candidate):
            return Decision(one, RowOutcome.NEW)
    if isinstance(one, Refusal):
        return Decision(one, RowOutcome.REFUSED, one.reason, one.message)
    event = events[one.source_key]
    if not event.is_active or event.has_started(at=plan.now):
        message = "It was imported before, and is cancelled or has started by now."
        return Decision(one, RowOutcome.REFUSED, "is_over", message, event_id=event.pk)
    changes, kept = _changes(one, event, before.get(event.pk))
    if changes:
        return Decision(
            one,
            RowOutcome.CHANGED,
            message=_kept_text(kept),
            event_id=event.pk,
            version=event.version,
            changes=changes,
        )
    return Decision(
        one, RowOutcome.UNCHANGED, "already_imported", _kept_text(kept), event_id=event.pk
    )


def _changes(
    one: Candidate, event: Event, before: Mapping[str, Any] | None
) -> tuple[dict[str, tuple[Any, Any]], list[str]]:
    """Return what the file changes of an event, and the names of what was edited here and stays.

    Without a record of what was imported, an event that was ever edited stays as it is.
    """
    if one.moved:
        return {}, []
    changes, kept = {}, []
    for name in COMPARED:
        new, current = one.columns[name], getattr(event, name)
        if new == current:
            continue
        if before is None and event.version == 1:
            changes[name] = (current, new)
        elif before is None or before.get(name) != current:
            # Edited here. Only worth a word if the file says something new.
            if before is None or before.get(name) != new:
                kept.append(name)
        else:
            changes[name] = (current, new)
    return changes, kept


def _kept_text(names: list[str]) -> str:
    if not names:
        return ""
    words = {"event_date": "start", "ends_at": "end", "timezone": "time zone"}
    listed = ", ".join(words.get(name, name) for name in names)
    return f"Edited here, so it stays as it is: {listed}."
