"""A limit on how long a statement may wait for locks, all of them together.

`lock_timeout` limits each wait by itself, and one lock may take two: the first who waits for a row
waits for the transaction that has it, and the others queue behind that one. Whoever comes first in
the queue then begins to wait anew. So a client limits the statement, too, and cancels it.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import psycopg
from django.conf import settings
from psycopg.pq import TransactionStatus

# What a statement that had to wait does besides.
WORK = timedelta(milliseconds=500)
CANCEL_SECONDS = 0.5


def lock_limit() -> timedelta:
    """Return how long a statement may take that waits for a lock of an event."""
    limit: timedelta = settings.LOCK_TIMEOUT + WORK
    return limit


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
