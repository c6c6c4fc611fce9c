"""Changing a waitlist entry without losing its position."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from evently.errors import Invalid
from evently.transactions import run_in_transaction
from events.locks import lock_event
from events.models import Event
from waitlists.locks import lock_entry
from waitlists.models import WaitlistEntry
from waitlists.operations.promotions import promote_waiting
from waitlists.operations.refusals import NotWaiting
from waitlists.signals import entries_outgrown


def lower_min_quantity(*, event_id: UUID, entry_id: UUID, min_quantity: int) -> WaitlistEntry:
    """Lower the fewest seats that an entry accepts; it keeps its position.

    In the same transaction, it is offered seats that it now fits.
    Raises EntryNotFound, NotWaiting, Invalid (not between 1 and what it accepts now), EventBusy.
    """

    def work() -> WaitlistEntry:
        locked_event = lock_event(event_id)
        entry = lock_entry(locked_event=locked_event, entry_id=entry_id)
        if not entry.is_waiting:
            raise NotWaiting
        if not 1 <= min_quantity <= entry.min_quantity:
            sentence = f"Enter between 1 and {entry.min_quantity}. To ask for more, join again."
            raise Invalid(sentence, fields={"min_quantity": sentence})
        if min_quantity < entry.min_quantity:
            entry.min_quantity = min_quantity
            entry.save(update_fields=["min_quantity"])
            promote_waiting(locked_event=locked_event)
        entry.refresh_from_db()
        entry.event = locked_event
        return entry

    return run_in_transaction(work)


def announce_outgrown(*, locked_event: Event, changes: dict[str, tuple[Any, Any]]) -> None:
    """Announce the entries that need more seats than an event has since its change.

    changes: the event's changed fields, as {name: (old, new)}.
    """
    had, has = changes["total_capacity"]
    entries: Sequence[WaitlistEntry] = list(
        WaitlistEntry.objects.filter(event_id=locked_event.pk, min_quantity__lte=had)
        .never_fitting(has)
        .in_waitlist_order()
    )
    if entries:
        entries_outgrown.send(sender=WaitlistEntry, event=locked_event, entries=entries)
