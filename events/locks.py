"""The ways to lock events. Whoever touches the line, an offer or a cancellation comes here first.

Several events are locked in the order of their ids, people's rows last.
"""

from collections.abc import Iterable
from uuid import UUID

from evently.errors import NotFound
from events.models import Event


class EventNotFound(NotFound):
    """There is no such event, or it is not public."""

    code = "not_found"
    message = "We could not find this event."


def lock_event(event_id: UUID) -> Event:
    """Lock an event until commit; rows that refer to it can still be inserted.

    Raises EventNotFound. A lock not had within the time-out ends in EventBusy (`entry`).
    """
    event = Event.objects.select_for_update(of=("self",), no_key=True).filter(pk=event_id).first()
    if event is None:
        raise EventNotFound
    return event


def lock_events(event_ids: Iterable[UUID]) -> list[Event]:
    """Lock several events, in the order of their ids."""
    ids = sorted(set(event_ids))
    return list(
        Event.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=ids).order_by("pk")
    )
