"""Insert notifications: in the transaction of the fact that they follow from, each once."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from bookings.operations.placing import Addition
from notifications.kinds import Message
from notifications.operations.inserting import as_json, insert, rows_of
from waitlists.record.heads import heads_of


def notify(*, messages: Sequence[Message]) -> list[UUID]:
    """Insert notifications inside the caller's transaction, and return the ids of the new ones.

    A message whose key the user already has is left out. The rows are due at once, and the process
    that delivers finds them (`taking`). Raises UnknownKind before anything is written.
    """
    return [notification_id for notification_id, _ in insert(_with_heads(messages))]


def notified_with_booking(messages: Sequence[Message]) -> Addition:
    """Return notifications as what is written in the statement of a booking."""
    return Addition("evently_notify(%s::jsonb)", as_json(rows_of(messages)))


def _with_heads(messages: Sequence[Message]) -> list[Message]:
    """Add the head that the waitlist's record has now to messages about a waitlist."""
    event_ids = {one.event_id for one in messages if one.bears_head and one.event_id}
    heads = heads_of(event_ids) if event_ids else {}
    return [
        replace(one, data={**one.data, "record": str(heads[one.event_id])})
        if one.bears_head and one.event_id in heads
        else one
        for one in messages
    ]
