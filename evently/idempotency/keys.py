"""Idempotency keys: the same request, sent again, gets the first success again.

A key is written in the transaction of the write that it makes safe. So a refusal, which rolls
back, uses up no key; and of two requests at once, the second waits for the first to end.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import OperationalError, connection
from psycopg import errors as pg

from evently.errors import Conflict, Invalid
from evently.idempotency.models import IdempotencyKey

KEY_LENGTH = 200
CLAIMS = 3


class IdempotencyMismatch(Invalid):
    """The key was used for another request."""

    code = "idempotency_mismatch"
    message = "This Idempotency-Key was used for a different request. Use a new key."


class IdempotencyKeyInvalid(Invalid):
    """The key cannot be stored as it is."""

    code = "idempotency_key_invalid"
    message = f"An Idempotency-Key is 1 to {KEY_LENGTH} printable characters."


class RequestInProgress(Conflict):
    """The first request with this key has not ended yet (409 with Retry-After)."""

    code = "request_in_progress"
    message = "The first request with this Idempotency-Key is still running."
    retry_after_seconds = 1


class Replayed(Exception):
    """The request was answered before; here is that answer."""

    def __init__(self, *, status: int, answer: Any, headers: Mapping[str, str]) -> None:
        """Carry the first answer.

        answer: what `Idempotency.render` returned, as JSON. headers: from `Idempotency.headers`.
        """
        super().__init__("answered before")
        self.status = status
        self.answer = answer
        self.headers = headers


def no_headers(answer: Any) -> dict[str, str]:
    """Return nothing: an answer that says all in its body."""
    return {}


@dataclass(frozen=True)
class Idempotency:
    """A request that may be sent again, and how its success is kept.

    render: turns the operation's result into (HTTP status, JSON-able answer).
    headers: turns that answer into the headers that go with it. They are not kept, but made
    again: whoever missed the first answer needs its Location as well.
    """

    user_id: UUID
    key: str
    method: str
    path: str
    body_digest: str
    render: Callable[[Any], tuple[int, Any]]
    headers: Callable[[Any], dict[str, str]] = no_headers

    def __post_init__(self) -> None:
        if not (0 < len(self.key) <= KEY_LENGTH and self.key.isprintable()):
            raise IdempotencyKeyInvalid


def digest_of(body: Mapping[str, Any] | bytes) -> str:
    """Return a digest that is the same for the same body."""
    if not isinstance(body, bytes):
        body = json.dumps(body, sort_keys=True, cls=DjangoJSONEncoder).encode()
    return hashlib.sha256(body).hexdigest()


def claim(idempotency: Idempotency) -> None:
    """Take the key inside the caller's transaction, or raise what the first request got.

    Raises Replayed, IdempotencyMismatch, RequestInProgress (after the lock time-out).
    """
    for _ in range(CLAIMS):
        if _take(idempotency):
            return
        # Where it finds nothing, the first was swept away in between, and the key is free.
        recall(idempotency)
    raise RequestInProgress


def _take(idempotency: Idempotency) -> bool:
    """Write the key; False where it is there. Raises RequestInProgress."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO idempotency_keys (user_id, key, method, path, body_digest)"
                " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (user_id, key) DO NOTHING",
                [
                    idempotency.user_id,
                    idempotency.key,
                    idempotency.method,
                    idempotency.path,
                    idempotency.body_digest,
                ],
            )
            return cursor.rowcount == 1
    except OperationalError as error:
        if isinstance(error.__cause__, pg.LockNotAvailable):
            raise RequestInProgress from error
        raise


def recall(idempotency: Idempotency) -> None:
    """Raise what the first request with this key got, where there was one; takes no key.

    Raises Replayed, IdempotencyMismatch.
    """
    first = IdempotencyKey.objects.filter(user_id=idempotency.user_id, key=idempotency.key).first()
    if first is None:
        return
    if (first.method, first.path, first.body_digest) != (
        idempotency.method,
        idempotency.path,
        idempotency.body_digest,
    ):
        raise IdempotencyMismatch
    raise Replayed(
        status=first.status or 200, answer=first.answer, headers=idempotency.headers(first.answer)
    )


def keep(idempotency: Idempotency, result: Any) -> None:
    """Keep the success under the key, in the transaction that made it."""
    status, answer = idempotency.render(result)
    IdempotencyKey.objects.filter(user_id=idempotency.user_id, key=idempotency.key).update(
        status=status, answer=json.loads(json.dumps(answer, cls=DjangoJSONEncoder))
    )
