"""Whether the database answers, asked once a second, so that no request waits for one that hangs.

A server that is down refuses connections at once. One that hangs, or a network that swallows
everything, says nothing: requests would wait until all threads of the process do, and then even
`/healthz` would go without an answer. So a thread of its own asks. Where no answer comes, it ends
the connections that wait for one, and `evently.middleware.DatabaseGuardMiddleware` answers new
requests with 503 until the database answers again.
"""

import os
import select
import socket
import threading
import time
from contextlib import suppress
from typing import Any
from weakref import WeakSet

import psycopg
import structlog
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn

INTERVAL_SECONDS = 1.0
# With the interval, a request that meets a hanging database is answered within 5 seconds.
PATIENCE_SECONDS = 3.0
# What a server that is starting or stopping says, in English; in other languages requests find out
# for themselves.
NOT_READY = (
    "starting up",
    "shutting down",
    "in recovery mode",
    "not yet accepting",
    "administrator command",
)

log = structlog.get_logger(__name__)

_opened: "WeakSet[psycopg.Connection[Any]]" = WeakSet()
_lock = threading.Lock()


def note_opened(connection: "psycopg.Connection[Any]") -> None:
    """Let a connection of this process be ended where the database stops answering."""
    with _lock:
        _opened.add(connection)


def answers(error: Exception) -> bool:
    """Return whether the server refused a connection itself, and is neither starting nor stopping.

    One that has no connection to spare answers: those that requests have keep working. Libpq gives
    no code for this, only the server's words. (PQping would tell, but holds Python's lock.)
    """
    text = str(error)
    return "FATAL" in text and not any(words in text for words in NOT_READY)


def end_waiting() -> int:
    """End the connections that wait for an answer, whose statements fail; return their number.

    What such a statement did may be committed all the same, once the server goes on.
    """
    with _lock:
        waiting = [
            connection
            for connection in _opened
            if not connection.closed
            and connection.pgconn.transaction_status == TransactionStatus.ACTIVE
        ]
    for connection in waiting:
        with (
            suppress(OSError, psycopg.Error),
            socket.socket(fileno=os.dup(connection.fileno())) as copy,
        ):
            copy.shutdown(socket.SHUT_RDWR)
    return len(waiting)


def ask(server: PGconn, query: bytes, *, patience_seconds: float) -> str | None:
    """Return the one value that a query selects, as text; None for NULL.

    Raises psycopg.OperationalError, ConnectionTimeout where the server hangs: the connection cannot
    be used any more then.
    """
    server.send_query(query)
    deadline = time.monotonic() + patience_seconds
    poll = select.poll()
    poll.register(server.socket, select.POLLIN)
    value = None
    while server.is_busy():
        left = max(deadline - time.monotonic(), 0)
        if not poll.poll(left * 1000):
            raise psycopg.errors.ConnectionTimeout("no answer in time")
        server.consume_input()
    while (result := server.get_result()) is not None:
        if result.status != ExecStatus.TUPLES_OK:
            raise psycopg.OperationalError("no answer")
        value = result.get_value(0, 0)
    return None if value is None else value.decode()


class DatabaseWatch:
    """Asks the database again and again. conninfo: how to connect, with a connect_timeout."""

    def __init__(
        self,
        conninfo: str,
        *,
        interval_seconds: float = INTERVAL_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._conninfo = conninfo
        self._interval = interval_seconds
        self._patience = patience_seconds
        self._connection: psycopg.Connection[Any] | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="database-watch", daemon=True)
        self.is_down = False

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._interval):
            self._look()
        self._close()

    def _look(self) -> None:
        try:
            self._ask_again_if_ended()
        except (psycopg.Error, OSError) as error:
            self._close()
            was_down, self.is_down = self.is_down, not answers(error)
            # Marked first: requests whose connection ends would wait for a new one otherwise.
            # Each time: requests that began before the others were turned away may wait by now.
            ended = end_waiting() if self.is_down else 0
            if self.is_down and not was_down:
                log.error("database does not answer", error=type(error).__name__, ended=ended)
        else:
            was_down, self.is_down = self.is_down, False
            if was_down:
                log.info("database answers again")

    def _ask_again_if_ended(self) -> None:
        """Ask; where the connection kept for it has ended, ask over a new one.

        One connection may be ended by an administrator or a proxy, which says nothing about others.
        """
        was_open = self._connection is not None
        try:
            self._ask()
        except psycopg.errors.ConnectionTimeout:
            raise
        except (psycopg.Error, OSError):
            if not was_open:
                raise
            self._close()
            self._ask()

    def _ask(self) -> None:
        """Ask the server something. Raises psycopg.Error, ConnectionTimeout where it hangs."""
        if self._connection is None:
            self._connection = psycopg.connect(self._conninfo, autocommit=True)
        ask(self._connection.pgconn, b"SELECT 1", patience_seconds=self._patience)

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None


# The watch of this process, where one was started.
_watch: DatabaseWatch | None = None


def start(conninfo: str) -> DatabaseWatch:
    """Watch the database in this process from now on. conninfo: with a connect_timeout."""
    global _watch  # noqa: PLW0603 - one of the process
    _watch = DatabaseWatch(conninfo)
    _watch.start()
    return _watch


def is_down() -> bool:
    """Return whether the database gave no answer when it was last asked; False where it is not."""
    return _watch is not None and _watch.is_down
