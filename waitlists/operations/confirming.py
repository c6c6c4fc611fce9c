"""Confirming places on a waitlist: only confirmed ones are offered seats.

A place is confirmed if its owner has proved to own the email address, by joining while logged in
to an account with a confirmed address, by confirming the address later, or by the link that was
emailed for this place.
"""

from contextlib import suppress
from uuid import UUID

from bookings.operations import PersonLimit
from evently.database.clock import now
from evently.transactions import refusing, run_in_transaction
from events.locks import lock_event
from events.models import Event
from waitlists.locks import EntryNotFound, lock_entry
from waitlists.models import OPEN_STATUSES, WaitlistEntry
from waitlists.operations.promotions import promote_waiting
from waitlists.operations.refusals import AlreadyWaiting, NotWaiting, PlaceOfMailbox
from waitlists.queries import unconfirmed_of_verified


def confirm_place(
    *, locked_event: Event, entry: WaitlistEntry, changed: tuple[str, ...] = ()
) -> WaitlistEntry:
    """Confirm a waiting entry at its place; in the same transaction, it may be offered seats.

    changed: other fields that the caller has set, to be saved with it.
    Raises AlreadyWaiting, PersonLimit: because of other addresses of the same mailbox.
    """
    entry.confirmed_at = now()
    with refusing(unq_mailbox_event_waitlist=PlaceOfMailbox, trg_person_limit=PersonLimit):
        entry.save(update_fields=["confirmed_at", *changed])
    promote_waiting(locked_event=locked_event)
    entry.refresh_from_db()
    entry.event = locked_event
    return entry


def confirm_entry(*, event_id: UUID, entry_id: UUID) -> WaitlistEntry:
    """Confirm a place by its emailed link. Confirming again changes nothing.

    Raises EntryNotFound, NotWaiting, AlreadyWaiting, PersonLimit, EventBusy.
    """

    def work() -> WaitlistEntry:
        locked_event = lock_event(event_id)
        entry = lock_entry(locked_event=locked_event, entry_id=entry_id)
        if entry.status not in OPEN_STATUSES:
            raise NotWaiting
        if entry.is_confirmed or not entry.is_waiting:
            return entry
        return confirm_place(locked_event=locked_event, entry=entry)

    return run_in_transaction(work)


def confirm_entries_of(*, user_id: UUID) -> int:
    """Confirm the places of a user who has proved to own the email address; return how many."""
    entries = list(unconfirmed_of_verified(user_id=user_id).order_by("event_id"))
    for entry in entries:
        # A place beside another of the mailbox, or above the limit, stays unconfirmed.
        with suppress(NotWaiting, EntryNotFound, AlreadyWaiting, PersonLimit):
            confirm_entry(event_id=entry.event_id, entry_id=entry.pk)
    return len(entries)
