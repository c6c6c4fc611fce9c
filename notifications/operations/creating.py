"""Write messages: in the transaction of the fact they tell, each once."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from evently.database.ids import uuid7
from evently.enqueue import enqueue_on_commit
from notifications import tasks
from notifications.models import Channel, MessageType

ROWS_PER_STATEMENT = 2_000
MAILS_PER_TASK = 50
# How long a message is left to the task that was enqueued for it, before the sweep takes it up.
GRACE_SECONDS = 15

INSERT = """
    WITH wanted AS (
        SELECT * FROM jsonb_to_recordset(%s::jsonb) AS message(
            id uuid, user_id uuid, key text, event_id uuid, type text, message text,
            channels jsonb, data jsonb)
    ), fresh AS (
        INSERT INTO message_keys (user_id, key, notification_id)
        SELECT user_id, key, id FROM wanted ORDER BY user_id, key
        ON CONFLICT (user_id, key) DO NOTHING
        RETURNING notification_id
    )
    INSERT INTO notifications
        (id, user_id, event_id, type, message, channels, data, read, next_attempt_at)
    SELECT id, user_id, event_id, type, message, channels, data,
        NOT channels @> '["in_app"]', evently_clock() + make_interval(secs => %s)
    FROM wanted JOIN fresh ON fresh.notification_id = wanted.id
    RETURNING id, user_id
"""


@dataclass(frozen=True)
class Message:
    """One message to one person, not yet written.

    key: what makes it the only one of its kind for this person, as `booking_confirm:<id>`.
    data: ids and facts of the event that its mail needs; no personal data, no secrets.
    """

    user_id: UUID
    key: str
    type: MessageType
    text: str
    event_id: UUID | None = None
    channels: tuple[str, ...] = (Channel.IN_APP, Channel.EMAIL)
    data: Mapping[str, Any] = field(default_factory=dict)


def notify(*, messages: Sequence[Message]) -> list[UUID]:
    """Write messages inside the caller's transaction, and return the ids of the new ones.

    One statement per 2,000. A message whose key the person has already is left out. Delivery is
    enqueued after the commit; what is lost on the way, the sweep delivers.
    """
    written: list[tuple[UUID, UUID]] = []
    for start in range(0, len(messages), ROWS_PER_STATEMENT):
        some = messages[start : start + ROWS_PER_STATEMENT]
        rows = json.dumps([_row(message) for message in some], cls=DjangoJSONEncoder)
        with connection.cursor() as cursor:
            cursor.execute(INSERT, [rows, GRACE_SECONDS])
            written += cursor.fetchall()
    _enqueue(written)
    return [notification_id for notification_id, _ in written]


def _row(message: Message) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "user_id": message.user_id,
        "key": message.key,
        "event_id": message.event_id,
        "type": message.type,
        "message": message.text,
        "channels": message.channels,
        "data": message.data,
    }


def _enqueue(written: list[tuple[UUID, UUID]]) -> None:
    if len(written) == 1:
        ((notification_id, user_id),) = written
        enqueue_on_commit(tasks.deliver, str(notification_id), str(user_id))
        return
    for start in range(0, len(written), MAILS_PER_TASK):
        some = written[start : start + MAILS_PER_TASK]
        pairs = [[str(notification_id), str(user_id)] for notification_id, user_id in some]
        enqueue_on_commit(tasks.deliver_many, pairs)
