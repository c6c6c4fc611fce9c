"""Connections that are looked at before each request, without asking the server.

A server that ends a connection says so, or its system closes the socket: either way there is
something to read, where an idle connection has nothing. Only then is the server asked, which takes
a round trip. A server that hangs, or a network that swallows everything, is noticed by neither
(`evently.database.watch`).
"""

import select
import time
from typing import Any

from django.db.backends.postgresql import base
from psycopg import Connection, OperationalError
from psycopg.errors import ConnectionTimeout
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool, PoolTimeout

from evently.database import watch

# How long a request may take to show that it has failed. Tasks, which have no such end, go on then.
FAILING_SECONDS = 3.0


def has_something_to_read(connection: "Connection[Any]") -> bool:
    """Return whether the server of an idle connection has sent something, or has closed it."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN | select.POLLPRI)
    return bool(poll.poll(0))


def check(connection: "Connection[Any]") -> None:
    """Raise psycopg's error where a connection of the pool has ended."""
    if has_something_to_read(connection):
        ConnectionPool.check_connection(connection)


class DatabaseWrapper(base.DatabaseWrapper):
    # Until when a request that has waited for a connection in vain gets none. What shows or logs
    # its failure may want another one, and would wait as long again.
    gets_none_until = 0.0

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect. Raises OperationalError, at once where the database is known to be down."""
        if watch.is_down() or time.monotonic() < self.gets_none_until:
            raise OperationalError("The database gives no answer.")
        try:
            connection = super().get_new_connection(conn_params)
        except (ConnectionTimeout, PoolTimeout):
            self.gets_none_until = time.monotonic() + FAILING_SECONDS
            raise
        watch.note_opened(connection)
        return connection

    def close_if_unusable_or_obsolete(self) -> None:
        """Do so, as before and after each request."""
        self.gets_none_until = 0.0
        super().close_if_unusable_or_obsolete()

    @property
    def pool(self) -> Any:
        """Return the pool, or None where the settings have none."""
        pool = super().pool
        if pool is not None and pool._check is not None:
            # Django passes the pool a check of its own, and lets no setting replace it.
            pool._check = check
        return pool

    def is_usable(self) -> bool:
        """Return whether the connection can be used. After an error, the server is asked."""
        if self.connection is None:
            return False
        has_failed = self.errors_occurred or (
            self.connection.pgconn.transaction_status == TransactionStatus.INERROR
        )
        if not has_failed and not has_something_to_read(self.connection):
            return True
        return bool(super().is_usable())
