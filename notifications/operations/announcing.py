"""Notify all people of an event of a change: the first at once, many in the background.

The event is locked while it is changed, and bookings of it wait.
"""

from functools import partial
from typing import Any
from uuid import UUID

from evently.database.ids import uuid7
from evently.transactions import run_in_transaction
from events.models import Event
from notifications.kinds import events
from notifications.models import Announcement
from notifications.operations.creating import notify
from notifications.queries import user_ids_of_event

# So many are notified in one transaction.
BATCH = 500


def announce_change(event: Event, changes: dict[str, tuple[Any, Any]]) -> bool:
    """Notify people of what changed in the caller's transaction; return whether that was all.

    If not, `continue_announcements` is to be called after the commit. changes: {field: (old, new)}.
    """
    message = events.change_text(event, changes)
    if not message:
        return True
    key = f"event_changed:{event.pk}:{uuid7()}"
    people = user_ids_of_event(event_id=event.pk, most=BATCH + 1)
    _tell(event.pk, key, message, people[:BATCH])
    if len(people) <= BATCH:
        return True
    Announcement.objects.create(event=event, key=key, message=message)
    return False


def continue_announcements(*, event_id: UUID) -> None:
    """Notify all who have not been notified of changes of an event, in batches.

    Each batch is a transaction of its own, so after a crash the next call continues.
    """
    for announcement in Announcement.objects.filter(event_id=event_id).order_by("created_at", "id"):
        people = user_ids_of_event(event_id=event_id)
        for start in range(0, len(people), BATCH):
            batch = people[start : start + BATCH]
            run_in_transaction(
                partial(_tell, event_id, announcement.key, announcement.message, batch)
            )
        announcement.delete()


def events_to_continue() -> list[UUID]:
    """Return the ids of events of which people are still to be notified."""
    found = Announcement.objects.order_by("event_id").values_list("event_id", flat=True)
    return list(found.distinct())


def _tell(event_id: UUID, key: str, message: str, people: list[UUID]) -> None:
    """Notify people; those who have a message with this key already get no other."""
    notify(messages=events.event_changed(event_id, people, key=key, text=message))
