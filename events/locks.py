"""Locks on events.

Every write that touches a waitlist, an offer or a cancellation locks its event first. Several
events are locked in the order of their ids; rows of users are locked last.
"""

from collections.abc import Iterable
from uuid import UUID

from evently.database.identity import as_worker
from evently.database.limits import note_locked
from evently.database.prepared import PreparedQuery
from evently.errors import NotFound
from events.models import Event


class EventNotFound(NotFound):
    """There is no such event, or the user may not see it."""

    code = "not_found"
    message = "We could not find this event."


LOCKED_EVENT = PreparedQuery(
    lambda event_id: Event.objects.select_for_update(of=("self",), no_key=True).filter(pk=event_id),
    event_id=UUID,
)


@as_worker()
def lock_event(event_id: UUID) -> Event:
    """Lock an event until commit; rows that refer to it can still be inserted.

    Raises EventNotFound. When the lock is not had within the timeout, `run_in_transaction` raises
    EventBusy.
    """
    event = LOCKED_EVENT.first(event_id=event_id)
    if event is None:
        raise EventNotFound
    note_locked(event_id)
    return event


@as_worker()
def lock_events(event_ids: Iterable[UUID]) -> list[Event]:
    """Lock several events, in the order of their ids; ids that do not exist are left out."""
    ids = sorted(set(event_ids))
    return list(
        Event.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=ids).order_by("pk")
    )
