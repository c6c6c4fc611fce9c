"""Idempotency keys: a request that is repeated with the same key gets its first success again.

A key is inserted in the transaction of the write that it protects. So a refusal, which rolls back,
uses up no key, and of two simultaneous requests the second waits until the first has ended.
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

HEADER = "Idempotency-Key"
KEY_LENGTH = 200
CLAIM_ATTEMPTS = 3


class IdempotencyMismatch(Invalid):
    """The key was used for another request."""

    code = "idempotency_mismatch"
    message = f"This {HEADER} was used for a different request. Use a new key."


class IdempotencyKeyInvalid(Invalid):
    """The key is empty, too long or not printable."""

    code = "idempotency_key_invalid"
    message = f"{HEADER} must be 1 to {KEY_LENGTH} printable characters."


class RequestInProgress(Conflict):
    """The first request with this key has not ended yet (409 with Retry-After)."""

    code = "request_in_progress"
    message = f"The first request with this {HEADER} is still running."
    retry_after_seconds = 1


class Replayed(Exception):
    """The request succeeded before; this is the answer it got.

    answer: what `Idempotency.render` returned, as JSON. headers: from `Idempotency.headers`.
    """

    def __init__(self, *, status: int, answer: Any, headers: Mapping[str, str]) -> None:
        super().__init__("answered before")
        self.status = status
        self.answer = answer
        self.headers = headers


def no_headers(answer: Any) -> dict[str, str]:
    """Return no headers: the default of `Idempotency.headers`."""
    return {}


@dataclass(frozen=True)
class Idempotency:
    """A request with its idempotency key, and how its success is stored.

    body_digest: from `digest_of`. render: turns the operation's result into (HTTP status, JSON-able
    answer). headers: turns that answer into its headers; they are not stored but computed again,
    since a client that missed the first response needs its Location, too.
    Raises IdempotencyKeyInvalid.
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
    """Return a digest that does not depend on the order of a mapping's keys."""
    if not isinstance(body, bytes):
        body = json.dumps(body, sort_keys=True, cls=DjangoJSONEncoder).encode()
    return hashlib.sha256(body).hexdigest()


def claim_key(idempotency: Idempotency) -> None:
    """Insert the key in the caller's transaction, or raise the answer of the first request.

    Raises Replayed, IdempotencyMismatch, RequestInProgress (after the lock time-out).
    """
    for _ in range(CLAIM_ATTEMPTS):
        if _insert_key(idempotency):
            return
        # Where this finds no key, it expired and was deleted since the insert: insert again.
        raise_first_answer(idempotency)
    raise RequestInProgress


def _insert_key(idempotency: Idempotency) -> bool:
    """Insert the key; return False where it exists.

    While another transaction has inserted the same key and not ended, PostgreSQL makes this one
    wait for it. Raises RequestInProgress when that takes longer than the lock time-out.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT evently_claim_key(%s, %s, %s, %s, %s)",
                [idempotency.user_id, *claim_of(idempotency)],
            )
            return bool(cursor.fetchone()[0])
    except OperationalError as error:
        if isinstance(error.__cause__, pg.LockNotAvailable):
            raise RequestInProgress from error
        raise


def claim_of(idempotency: Idempotency) -> list[str]:
    """Return what `evently_claim_key` stores besides the user: key, method, path, body's digest."""
    return [idempotency.key, idempotency.method, idempotency.path, idempotency.body_digest]


def raise_first_answer(idempotency: Idempotency) -> None:
    """Raise the answer of the first request with this key; return where there was none.

    Claims no key. Raises Replayed, IdempotencyMismatch.
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


def store_answer(idempotency: Idempotency, result: Any) -> None:
    """Store the answer under the claimed key, in the transaction of the work."""
    status, answer = answer_of(idempotency, result)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT evently_store_answer(%s, %s, %s, %s::jsonb)",
            [idempotency.user_id, idempotency.key, status, answer],
        )


def answer_of(idempotency: Idempotency, result: Any) -> tuple[int, str]:
    """Return the status and the answer, as JSON, that a repeated request gets."""
    status, answer = idempotency.render(result)
    return status, json.dumps(answer, cls=DjangoJSONEncoder)
