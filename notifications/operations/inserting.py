"""Insert notifications by plain SQL, each once; `creating.notify` also has them delivered."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from evently.database.ids import uuid7
from notifications.kinds import KINDS, Message, UnknownKind

ROWS_PER_STATEMENT = 2_000
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


def insert(messages: Sequence[Message]) -> list[tuple[UUID, UUID]]:
    """Insert notifications inside the caller's transaction; return the new (id, user id).

    One statement per 2,000. A message whose key the user already has is left out.
    Raises UnknownKind before anything is written.
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
    return written


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
