"""Insert notifications: in the transaction of the fact that they follow from, each once."""

from collections.abc import Sequence
from uuid import UUID

from evently.enqueue import enqueue_on_commit
from notifications import tasks
from notifications.kinds import Message
from notifications.operations.inserting import insert

EMAILS_PER_TASK = 50


def notify(*, messages: Sequence[Message]) -> list[UUID]:
    """Insert notifications inside the caller's transaction, and return the ids of the new ones.

    A message whose key the user already has is left out. Delivery is enqueued after the commit; the
    periodic task picks up what is lost on the way. Raises UnknownKind before anything is written.
    """
    written = insert(messages)
    _enqueue(written)
    return [notification_id for notification_id, _ in written]


def _enqueue(written: list[tuple[UUID, UUID]]) -> None:
    if len(written) == 1:
        ((notification_id, user_id),) = written
        enqueue_on_commit(tasks.deliver, str(notification_id), str(user_id))
        return
    for start in range(0, len(written), EMAILS_PER_TASK):
        some = written[start : start + EMAILS_PER_TASK]
        pairs = [[str(notification_id), str(user_id)] for notification_id, user_id in some]
        enqueue_on_commit(tasks.deliver_many, pairs)
