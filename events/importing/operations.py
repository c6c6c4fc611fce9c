"""Every write of an import: uploaded, read into rows, carried out or discarded.

Each step runs in the background, in batches of one transaction each. Rows say what is done, so a
task that is killed costs one batch, and running two at once does nothing twice.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F

from evently.audit.context import acting
from evently.database.clock import now
from evently.database.functions import Clock
from evently.database.ids import uuid7
from evently.errors import Conflict, DomainError, Invalid, NotFound
from evently.transactions import run_in_transaction
from events.import_models import (
    DISCARDABLE,
    EventImport,
    EventImportRow,
    ImportState,
    RowOutcome,
    RowState,
)
from events.importing.deciding import Decision, decide
from events.importing.files import NotImportable, bytes_source, kind_of
from events.importing.inserting import add_events, check_plan, checked
from events.importing.plan import Candidate, Plan, Refusal
from events.importing.stored import columns_of, plan_of, stored_columns, stored_plan, stored_value
from events.importing.survey import Survey, Undecided, answered, in_batches, outcomes_of, survey
from events.models import Event
from events.operations.editing import change_event

MOST_ROWS = 20_000
READ_AT_ONCE = 500
APPLIED_AT_ONCE = 100
# A file that stops its task this often is not read again.
MOST_ATTEMPTS = 3

log = structlog.get_logger(__name__)


class ImportNotFound(NotFound):
    code = "import_not_found"
    message = "This import no longer exists."


class ImportNotReady(Conflict):
    """The import is at work, or has been carried out or undone."""

    code = "import_not_ready"
    message = "This is not possible at this point of the import. Check its current state."


class _Superseded(Exception):
    """Another task reads the same import, or it was discarded."""


def start_import(*, organizer_id: UUID, file_name: str, content: bytes, plan: Plan) -> EventImport:
    """Keep an uploaded file, to be read by `read_import`. Raises NotImportable, Invalid (plan)."""
    kind_of(bytes_source(content))
    check_plan(plan)

    def work() -> EventImport:
        return EventImport.objects.create(
            organizer_id=organizer_id,
            file_name=file_name[-255:],
            content=content,
            answers=stored_plan(plan),
        )

    return run_in_transaction(work)


def answer_import(*, import_id: UUID, plan: Plan) -> EventImport:
    """Read the file again with other answers. Raises ImportNotReady, Invalid (plan)."""
    check_plan(plan)

    def work() -> EventImport:
        batch = lock_import(import_id)
        if batch.state not in DISCARDABLE:
            raise ImportNotReady
        batch.answers = stored_plan(plan)
        _enter(batch, ImportState.READING, questions={}, problem="", attempts=0, claim=None)
        batch.save(update_fields=["answers"])
        return batch

    return run_in_transaction(work)


def discard_import(*, import_id: UUID) -> None:
    """Delete an import that was not carried out, with its file. Raises ImportNotReady."""

    def work() -> None:
        batch = lock_import(import_id)
        if batch.state not in DISCARDABLE:
            raise ImportNotReady
        EventImport.objects.filter(pk=batch.pk)._raw_delete("default")

    run_in_transaction(work)


def lock_import(import_id: UUID) -> EventImport:
    """Lock an import until commit. Raises ImportNotFound."""
    batch = EventImport.objects.select_for_update().defer("content").filter(pk=import_id).first()
    if batch is None:
        raise ImportNotFound
    return batch


# ── Reading ─────────────────────────────────────────────────────────────────
def read_import(*, import_id: UUID) -> None:
    """Read the file of an import into rows, from its start; again after a crash."""
    claim = uuid7()
    batch = run_in_transaction(partial(_claim, import_id, claim))
    if batch is None:
        return
    plan = plan_of(batch.answers, now=now())
    try:
        found = survey(bytes_source(bytes(batch.content or b"")))
        plan = answered(found, plan)
        _read_rows(batch, found, plan, claim)
    except Undecided as refusal:
        _finish(batch, claim, ImportState.ASKING, questions=refusal.fields)
    except Invalid as refusal:
        text = " ".join(refusal.fields.values()) or refusal.text
        _finish(batch, claim, ImportState.FAILED, problem=text)
    except _Superseded:
        return


def _claim(import_id: UUID, claim: UUID) -> EventImport | None:
    """Make this task the one that reads; None where there is nothing to read."""
    batch = EventImport.objects.select_for_update().filter(pk=import_id).first()
    if batch is None or batch.state != ImportState.READING:
        return None
    EventImportRow.objects.filter(batch_id=batch.pk)._raw_delete("default")
    if batch.attempts >= MOST_ATTEMPTS:
        problem = "The file takes too long to read. Split it into several."
        _enter(batch, ImportState.FAILED, problem=problem)
        return None
    _enter(batch, ImportState.READING, claim=claim, attempts=batch.attempts + 1)
    return batch


def _read_rows(batch: EventImport, found: Survey, plan: Plan, claim: UUID) -> None:
    _step(batch, claim, rows_total=found.rows, left_out=found.left_out, assumed=_assumed(found))
    outcomes = outcomes_of(bytes_source(bytes(batch.content or b"")), found, plan)
    written = 0
    for some in in_batches(outcomes, size=READ_AT_ONCE):
        rows = [
            _row(batch, decision)
            for decision in decide(some, plan=plan, organizer_id=batch.organizer_id)
        ]
        written += len(rows)
        if written > MOST_ROWS:
            raise NotImportable(f"The file has more than {MOST_ROWS:,} dates. Split it.")
        _step(batch, claim, rows=rows, rows_done=written, rows_total=max(found.rows, written))
    _finish(batch, claim, ImportState.READY)


def _assumed(found: Survey) -> list[str]:
    """Return which answers were needed: the others are not worth a word on the page."""
    needed = ["timezone"] if found.needs_zone else []
    if found.day_order is not None:
        needed.append(found.day_order)
    return [*needed, str(found.kind)]


def _row(batch: EventImport, decision: Decision) -> EventImportRow:
    one = decision.row
    candidate = one if isinstance(one, Candidate) else None
    return EventImportRow(
        batch_id=batch.pk,
        line=one.line,
        name=one.name,
        outcome=decision.outcome,
        reason=decision.reason,
        message=decision.message,
        source_key=candidate.source_key if candidate else "",
        columns=stored_columns(candidate.columns) if candidate else {},
        changes={
            name: [stored_value(old), stored_value(new)]
            for name, (old, new) in decision.changes.items()
        },
        event_id=decision.event_id,
        version=decision.version,
    )


def _step(
    batch: EventImport, claim: UUID, *, rows: Sequence[EventImportRow] = (), **columns: Any
) -> None:
    """Save a part of what was read. Raises _Superseded."""

    def work() -> None:
        mine = EventImport.objects.filter(pk=batch.pk, claim=claim, state=ImportState.READING)
        if not mine.update(updated_at=Clock(), **columns):
            raise _Superseded
        EventImportRow.objects.bulk_create(rows)

    run_in_transaction(work)


def _finish(batch: EventImport, claim: UUID, state: ImportState, **columns: Any) -> None:
    def work() -> None:
        locked = EventImport.objects.select_for_update().filter(pk=batch.pk, claim=claim).first()
        if locked is not None and locked.state == ImportState.READING:
            _enter(locked, state, claim=None, **columns)

    run_in_transaction(work)


def _enter(batch: EventImport, state: ImportState, **columns: Any) -> None:
    """Give a locked import another state, in the caller's transaction."""
    values = {"state": state, **columns}
    for name, value in values.items():
        setattr(batch, name, value)
    EventImport.objects.filter(pk=batch.pk).update(updated_at=Clock(), **values)


# ── Carrying out ────────────────────────────────────────────────────────────
def apply_import(*, import_id: UUID, notify: bool = False) -> None:
    """Begin to carry out an import that was read; `continue_applying` does it.

    notify: whether attendees are notified of changes of published events. Raises ImportNotReady.
    """

    def work() -> None:
        batch = lock_import(import_id)
        if batch.state != ImportState.READY:
            raise ImportNotReady
        to_do = EventImportRow.objects.filter(
            batch_id=batch.pk, outcome__in=(RowOutcome.NEW, RowOutcome.CHANGED)
        ).count()
        if not to_do:
            raise ImportNotReady("There is nothing to import in this file.")
        answers = batch.answers | {"notify": notify}
        progress = {"rows_done": 0, "rows_total": to_do}
        _enter(batch, ImportState.APPLYING, content=None, answers=answers, **progress)

    run_in_transaction(work)


def continue_applying(*, import_id: UUID, until: Callable[[], bool] = lambda: False) -> bool:
    """Carry out what is left of an import, in batches; return whether nothing is left.

    until: tells when to stop early. The changes are one act of the organizer's.
    """
    while True:
        batch = EventImport.objects.defer("content").filter(pk=import_id).first()
        if batch is None or batch.state != ImportState.APPLYING:
            return True
        with acting(actor=str(batch.organizer_id), act=str(batch.pk)):
            if not _apply_some(batch.pk):
                return True
        if until():
            return False


def _apply_some(import_id: UUID) -> bool:
    """Carry out one batch of new events, or one change; return whether there may be more."""

    def work() -> bool:
        batch = lock_import(import_id)
        if batch.state != ImportState.APPLYING:
            return False
        planned = EventImportRow.objects.filter(batch_id=batch.pk, state=RowState.PLANNED)
        new = list(planned.filter(outcome=RowOutcome.NEW).order_by("pk")[:APPLIED_AT_ONCE])
        plan = plan_of(batch.answers, now=now())
        if new:
            _make_events(new, plan, batch.organizer_id)
            rows = new
        else:
            rows = list(planned.filter(outcome=RowOutcome.CHANGED).order_by("pk")[:1])
            for row in rows:
                _change_event(row, plan, batch.organizer_id)
        if not rows:
            _enter(batch, ImportState.APPLIED, applied_at=now())
            return False
        EventImportRow.objects.bulk_update(
            rows, ["state", "reason", "message", "event_id", "version"]
        )
        EventImport.objects.filter(pk=batch.pk).update(
            rows_done=F("rows_done") + len(rows), updated_at=Clock()
        )
        return True

    return run_in_transaction(work)


def _make_events(rows: list[EventImportRow], plan: Plan, organizer_id: UUID) -> None:
    outcomes = [
        checked(
            Candidate(row.line, row.name, row.source_key, columns=columns_of(row.columns)), plan
        )
        for row in rows
    ]
    candidates = [one for one in outcomes if isinstance(one, Candidate)]
    refused = add_events(candidates, plan=plan, organizer_id=organizer_id)
    made = Event.objects.filter(
        created_by_id=organizer_id, source_key__in=[one.source_key for one in candidates]
    )
    events = {event.source_key: event for event in made}
    for row, one in zip(rows, outcomes, strict=True):
        refusal = one if isinstance(one, Refusal) else refused.get(one.source_key)
        if refusal is not None:
            _fail(row, refusal.reason, refusal.message)
            continue
        event = events[row.source_key]
        row.state, row.event_id, row.version = RowState.DONE, event.pk, event.version


def _change_event(row: EventImportRow, plan: Plan, organizer_id: UUID) -> None:
    """Change one event, unless it was edited since the preview."""
    changes = {name: value for name, (_, value) in row.changes.items()}
    mine = Event.objects.filter(created_by_id=organizer_id)
    try:
        if row.event_id is None or not mine.filter(pk=row.event_id).exists():
            raise ImportNotFound("The event no longer exists.")
        with transaction.atomic():
            edit = change_event(
                event_id=row.event_id,
                version=row.version,
                notify=plan.notify,
                **columns_of(changes),
            )
    except Invalid as refusal:
        _fail(row, "invalid", next(iter(refusal.fields.values()), refusal.text))
    except DomainError as refusal:
        _fail(row, "invalid", refusal.text)
    else:
        row.state, row.version = RowState.DONE, edit.event.version


def _fail(row: EventImportRow, reason: str, message: str) -> None:
    row.state, row.reason, row.message = RowState.FAILED, reason, message
