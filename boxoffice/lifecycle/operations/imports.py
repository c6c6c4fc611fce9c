"""How an import is undone: its events are deleted, its changes reversed, if no one is affected.

An event that was booked, has people on its waitlist, was given a price rule, or was edited since,
stays as it is; its row says why.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from bookings.models import ArchivedBooking, Booking
from boxoffice.lifecycle.operations.events import EventHasBookings
from evently.audit.context import acting
from evently.database.functions import Clock
from evently.database.ids import uuid7
from evently.errors import DomainError
from evently.transactions import refusing, run_in_transaction
from events.import_models import (
    EventImport,
    EventImportRow,
    ImportState,
    RowOutcome,
    RowState,
)
from events.importing.operations import ImportNotReady, lock_import
from events.importing.stored import columns_of
from events.locks import lock_event
from events.models import Event
from events.operations import change_event, price_rule_of
from waitlists.models import WaitlistEntry

BOOKED = "It has bookings. Cancel the event instead."
AWAITED = "There are people on its waitlist. Cancel the event instead."
EDITED = "It was edited after the import."
RULED = "A price rule was set up for it after the import."
GONE = "It no longer exists."
OVER = "It is cancelled or over."


class _Kept(Exception):
    """The event of a row stays as it is; the text says why."""


def undo_import(*, import_id: UUID) -> None:
    """Begin to take an import back; `continue_undoing` does it. Raises ImportNotReady."""

    def work() -> None:
        batch = lock_import(import_id)
        done = EventImportRow.objects.filter(batch_id=batch.pk, state=RowState.DONE).count()
        if batch.state != ImportState.APPLIED or not done:
            raise ImportNotReady
        EventImport.objects.filter(pk=batch.pk).update(
            state=ImportState.UNDOING, rows_done=0, rows_total=done, updated_at=Clock()
        )

    run_in_transaction(work)


def continue_undoing(
    *, import_id: UUID, by_id: UUID | None = None, until: Callable[[], bool] = lambda: False
) -> bool:
    """Take back what is left of an import, row by row; return whether nothing is left.

    until: tells when to stop early. by_id: who undoes it; by default its organizer.
    """
    batch = EventImport.objects.defer("content").filter(pk=import_id).first()
    if batch is None:
        return True
    with acting(actor=str(by_id or batch.organizer_id), act=str(uuid7())):
        while run_in_transaction(lambda: _undo_next(import_id)):
            if until():
                return False
    return True


def _undo_next(import_id: UUID) -> bool:
    batch = lock_import(import_id)
    if batch.state != ImportState.UNDOING:
        return False
    rows = EventImportRow.objects.filter(batch_id=batch.pk, state=RowState.DONE)
    row = rows.order_by("-pk").first()
    if row is None:
        EventImport.objects.filter(pk=batch.pk).update(state=ImportState.UNDONE, updated_at=Clock())
        return False
    values: dict[str, Any] = {"state": RowState.UNDONE}
    try:
        with transaction.atomic():
            _undo(row)
    except _Kept as kept:
        values = {"state": RowState.KEPT, "message": str(kept)}
    except EventHasBookings:
        values = {"state": RowState.KEPT, "message": BOOKED}
    except DomainError as refusal:
        values = {"state": RowState.KEPT, "message": refusal.text}
    EventImportRow.objects.filter(pk=row.pk).update(**values)
    EventImport.objects.filter(pk=batch.pk).update(rows_done=F("rows_done") + 1, updated_at=Clock())
    return True


def _undo(row: EventImportRow) -> None:
    """Take one row back, in the caller's transaction. Raises _Kept, or what refuses the change."""
    if row.event_id is None or not Event.objects.filter(pk=row.event_id).exists():
        raise _Kept(GONE)
    event = lock_event(row.event_id)
    bookings = Booking.objects.filter(event_id=event.pk)
    if bookings.exists() or ArchivedBooking.objects.filter(event_id=event.pk).exists():
        raise _Kept(BOOKED)
    if WaitlistEntry.objects.filter(event_id=event.pk).exists():
        raise _Kept(AWAITED)
    if not event.is_active:
        raise _Kept(OVER)
    if event.version != row.version and not _only_published_since(event, row):
        raise _Kept(EDITED)
    if row.outcome == RowOutcome.NEW:
        # Setting it up is no edit of the event, and leaves its version.
        if price_rule_of(event.pk) is not None:
            raise _Kept(RULED)
        with refusing(fk_bookings_event=EventHasBookings):
            Event.objects.filter(pk=event.pk)._raw_delete("default")
        return
    before = {name: old for name, (old, _) in row.changes.items()}
    change_event(event_id=event.pk, version=None, notify=False, **columns_of(before))


def _only_published_since(event: Event, row: EventImportRow) -> bool:
    """Tell whether publishing is all that has happened to an event since the import."""
    was_draft = not row.batch.answers.get("publish")
    published_since = event.is_published and was_draft and row.outcome == RowOutcome.NEW
    return published_since and event.version == (row.version or 0) + 1
