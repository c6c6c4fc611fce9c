"""What happens to a statement when the replica that it runs on fails: the primary runs it instead.

`evently.database.replicas` asks a replica before a block reads from it. One can still end, hang or
cancel a statement within the block: a standby does so where replaying what the primary has deleted
would take away rows that the statement reads. What is read there may be read again.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, OperationalError, connections
from psycopg.pq import TransactionStatus

from evently.database import replicas

# SQLSTATEs. Of a standby that cancels what is in the way of replaying.
CONFLICT = ("40001", "40P01")
# Of a server that ends connections, or takes none; without one, the connection was lost.
LOST = ("08", "57P", "53300")
# Of a replica that has not replayed a migration yet: what the release reads is not there, or may
# not be read. The primary has the last word.
BEHIND = ("42P01", "42703", "42704", "42883", "42501", "3F000")


def reason_of(error: Exception) -> str | None:
    """Return why a statement failed, where that is for the replica only; None where it is not."""
    if isinstance(error, InterfaceError):
        return "lost"
    state = getattr(error.__cause__, "sqlstate", None) or ""
    if state in CONFLICT:
        return "conflict"
    if state in BEHIND:
        return "behind"
    is_lost = state.startswith(LOST) if state else isinstance(error, OperationalError)
    return "lost" if is_lost else None


def cursor_of(connection: Any, make: Callable[[], Any], name: str | None) -> Any:
    """Return a cursor of a replica's connection; the primary's where there is none to be had."""
    started = time.monotonic()
    if not replicas.is_left_alone(connection.alias):
        try:
            return make()
        except (OperationalError, InterfaceError) as error:
            replicas.note_lost(connection, error, after_seconds=time.monotonic() - started)
    primary: Any = connections[DEFAULT_DB_ALIAS]
    return primary._cursor(name)


def or_on_primary(execute: Any, sql: Any, parameters: Any, many: bool, context: Any) -> Any:
    """Execute a replica's statement, as an `execute_wrapper`; if it fails there, on the primary."""
    connection, cursor = context["connection"], context["cursor"]
    started = time.monotonic()
    try:
        with _noticing_hangs(connection):
            return execute(sql, parameters, many, context)
    except (DatabaseError, InterfaceError) as error:
        reason = reason_of(error)
        if reason is None or many or connection.in_atomic_block:
            raise
        after = time.monotonic() - started
        if reason == "lost":
            replicas.note_lost(connection, error, after_seconds=after)
        else:
            replicas.note_refused(connection, reason)
    primary = connections[DEFAULT_DB_ALIAS].cursor()
    # From now on it is one of the primary, also for who fetches from it.
    cursor.db, cursor.cursor = primary.db, primary.cursor
    return cursor.execute(sql, parameters)


@contextmanager
def _noticing_hangs(connection: Any) -> Iterator[None]:
    """Give a statement up whose server takes no new connections meanwhile, or runs no time-out.

    A server that hangs keeps the connection, and nothing of its own limits the statement.
    Raises OperationalError.
    """
    server: psycopg.Connection[Any] = connection.connection
    limit = settings.STATEMENT_TIMEOUT.total_seconds() or float("inf")
    ends = time.monotonic() + limit + replicas.PATIENCE_SECONDS

    def wait(gen: Any, *args: Any, **kwargs: Any) -> Any:
        while True:
            looks = time.monotonic() + replicas.PATIENCE_SECONDS
            try:
                return psycopg.Connection.wait(server, gen, timeout=replicas.PATIENCE_SECONDS)
            except psycopg.OperationalError:
                is_running = server.pgconn.transaction_status == TransactionStatus.ACTIVE
                if not is_running or not looks <= time.monotonic() < ends:
                    raise
                # One that is only slow takes another connection. Raises OperationalError.
                psycopg.connect(**connection.get_connection_params()).close()

    server.wait = wait  # type: ignore[method-assign]
    try:
        yield
    finally:
        del server.wait
