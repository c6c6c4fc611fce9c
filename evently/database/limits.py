"""A limit on how long a statement may wait for locks, all of them together.

`lock_timeout` limits each wait by itself, and one lock may take two: the first who waits for a row
waits for the transaction that has it, and the others queue behind that one. The first in that
queue then begins to wait anew. So the client limits the statement, too, and cancels it.

Where an event was waited for in vain, a session has probably locked it and hangs. Until a request
gets the lock, or a few seconds have passed, others wait for a moment only: all threads of the
process would wait for this one event otherwise, and leave all others without an answer.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings
from psycopg import errors
from psycopg.pq import TransactionStatus

# What a statement that had to wait does besides.
WORK = timedelta(milliseconds=500)
CANCEL_SECONDS = 0.5
# How long, and for how long, others wait for an event that was waited for in vain.
MOMENT = timedelta(milliseconds=300)
STUCK_SECONDS = 5.0
MOST_STUCK = 1000

# Events that were waited for in vain, each with the time until which that counts.
_stuck: dict[UUID, float] = {}


def lock_limit(event_id: UUID) -> timedelta:
    """Return how long a statement may take that waits for a lock of an event."""
    if time.monotonic() < _stuck.get(event_id, 0.0):
        return MOMENT
    limit: timedelta = settings.LOCK_TIMEOUT + WORK
    return limit


@contextmanager
def waiting_for(connection: "psycopg.Connection[Any]", event_id: UUID) -> Iterator[None]:
    """Limit a statement that waits for locks of an event."""
    try:
        with cancelled_after(connection, lock_limit(event_id)):
            yield
    except (errors.LockNotAvailable, errors.QueryCanceled):
        if len(_stuck) >= MOST_STUCK:
            _stuck.clear()
        _stuck[event_id] = time.monotonic() + STUCK_SECONDS
        raise


def note_locked(event_id: UUID) -> None:
    """Let others wait for an event as long as ever: this request has locked it itself."""
    if _stuck:
        _stuck.pop(event_id, None)


@contextmanager
def cancelled_after(connection: "psycopg.Connection[Any]", limit: timedelta) -> Iterator[None]:
    """Cancel what the block executes once it takes longer: it then raises QueryCanceled.

    Where the server cannot be reached for that, its own time-outs hold.
    """
    ends = time.monotonic() + limit.total_seconds()

    def wait(gen: Any, *args: Any, **kwargs: Any) -> Any:
        # Psycopg runs each statement as a generator, which can be waited for again.
        left = max(ends - time.monotonic(), 0.0)
        try:
            return psycopg.Connection.wait(connection, gen, timeout=left)
        except psycopg.OperationalError:
            is_running = connection.pgconn.transaction_status == TransactionStatus.ACTIVE
            if not is_running or time.monotonic() < ends:
                raise
            with suppress(psycopg.Error):
                connection.cancel_safe(timeout=CANCEL_SECONDS)
            return psycopg.Connection.wait(connection, gen)

    connection.wait = wait  # type: ignore[method-assign]
    try:
        yield
    finally:
        del connection.wait
