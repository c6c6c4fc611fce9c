"""Insert notifications: in the transaction of the fact that they follow from, each once."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from evently.enqueue import enqueue_on_commit
from notifications import tasks
from notifications.kinds import Message
from notifications.operations.inserting import insert
from waitlists.record.heads import heads_of

EMAILS_PER_TASK = 50


def notify(*, messages: Sequence[Message]) -> list[UUID]:
    """Insert notifications inside the caller's transaction, and return the ids of the new ones.

    A message whose key the user already has is left out. Delivery is enqueued after the commit; the
    periodic task picks up what is lost on the way. Raises UnknownKind before anything is written.
    """
    written = insert(_with_heads(messages))
    _enqueue(written)
    return [notification_id for notification_id, _ in written]


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


def _enqueue(written: list[tuple[UUID, UUID]]) -> None:
    if len(written) == 1:
        ((notification_id, user_id),) = written
        enqueue_on_commit(tasks.deliver, str(notification_id), str(user_id))
        return
    for start in range(0, len(written), EMAILS_PER_TASK):
        some = written[start : start + EMAILS_PER_TASK]
        pairs = [[str(notification_id), str(user_id)] for notification_id, user_id in some]
        enqueue_on_commit(tasks.deliver_many, pairs)
