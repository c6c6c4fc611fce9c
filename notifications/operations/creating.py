"""Insert notifications: in the transaction of the fact that they follow from, each once."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from evently.database.ids import uuid7
from evently.enqueue import enqueue_on_commit
from notifications import tasks
from notifications.kinds import KINDS, Message, UnknownKind

ROWS_PER_STATEMENT = 2_000
EMAILS_PER_TASK = 50
# How long the periodic task leaves a notification to the task that was enqueued for it.
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


def notify(*, messages: Sequence[Message]) -> list[UUID]:
    """Insert notifications inside the caller's transaction, and return the ids of the new ones.

    One statement per 2,000. A message whose key the user already has is left out. Delivery is
    enqueued after the commit; the periodic task picks up what is lost on the way. Raises
    UnknownKind before anything is written.
    """
    for message in messages:
        if KINDS.get(message.kind.name) is not message.kind:
            raise UnknownKind(message.kind.name)
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
        "type": message.kind.name,
        "message": message.text,
        "channels": message.channels,
        "data": message.data,
    }


def _enqueue(written: list[tuple[UUID, UUID]]) -> None:
    if len(written) == 1:
        ((notification_id, user_id),) = written
        enqueue_on_commit(tasks.deliver, str(notification_id), str(user_id))
        return
    for start in range(0, len(written), EMAILS_PER_TASK):
        some = written[start : start + EMAILS_PER_TASK]
        pairs = [[str(notification_id), str(user_id)] for notification_id, user_id in some]
        enqueue_on_commit(tasks.deliver_many, pairs)
