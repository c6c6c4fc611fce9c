"""Insert notifications by plain SQL, each once."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from evently.database.identity import as_worker
from evently.database.ids import uuid7
from evently.database.prepared import execute_prepared
from notifications.kinds import KINDS, Message, UnknownKind

ROWS_PER_STATEMENT = 2_000


@as_worker()
def insert(messages: Sequence[Message]) -> list[tuple[UUID, UUID]]:
    """Insert notifications inside the caller's transaction; return the new (id, user id).

    One statement per 2,000. A message whose key the user already has is left out.
    Raises UnknownKind before anything is written.
    """
    rows = rows_of(messages)
    users = {row["id"]: row["user_id"] for row in rows}
    written: list[tuple[UUID, UUID]] = []
    for start in range(0, len(rows), ROWS_PER_STATEMENT):
        ((ids,),) = execute_prepared(
            connection,
            "SELECT evently_notify(%s::jsonb)",
            [as_json(rows[start : start + ROWS_PER_STATEMENT])],
        )
        written += [(each, users[each]) for each in ids]
    return written


def rows_of(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Return messages as `evently_notify` takes them. Raises UnknownKind."""
    for message in messages:
        if KINDS.get(message.kind.name) is not message.kind:
            raise UnknownKind(message.kind.name)
    return [
        {
            "id": uuid7(),
            "user_id": message.user_id,
            "key": message.key,
            "event_id": message.event_id,
            "type": message.kind.name,
            "message": message.text,
            "channels": message.channels,
            "data": message.data,
        }
        for message in messages
    ]


def as_json(rows: Sequence[dict[str, Any]]) -> str:
    return json.dumps(rows, cls=DjangoJSONEncoder)
