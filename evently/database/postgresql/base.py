"""Connections that take a role for each statement, and are looked at before each request.

The login itself may hardly read anything. Each statement outside of a transaction, and the first
one in it, bring the role and the person in the same message (`evently.database.identity`), until
the end of the transaction: a connection that is given back has neither.

Whether a connection has ended is found out without asking the server.

A server that ends a connection says so, or its system closes the socket: either way there is
something to read, where an idle connection has nothing. Only then is the server asked, which takes
a round trip. A server that hangs, or a network that swallows everything, is noticed by neither
(`evently.database.watch`).
"""

import select
import time
from functools import partial
from typing import Any

from django.db.backends.postgresql import base
from psycopg import Connection, NotSupportedError, OperationalError
from psycopg.errors import ConnectionTimeout
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool, PoolTimeout

from evently.database import identity, replica_failures, watch
from evently.database.replicas import Replica

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


# With methods that the types of Django do not know.
PlainCursor: Any = base.Cursor
Wrapper: Any = base.DatabaseWrapper

# What manages a transaction reads and writes nothing.
BARE = (b"SAVEPOINT", b"RELEASE", b"ROLLBACK")
# What the server calls statements that end a transaction, or undo a part of it and its SET LOCAL.
UNDOING = (b"ROLLBACK", b"COMMIT")


class Taken:
    """Which identity the current transaction of a connection runs under, as far as it is known."""

    def __init__(self) -> None:
        self.identity: identity.Identity | None = None

    def forget(self) -> None:
        self.identity = None


class Cursor(PlainCursor):
    """A cursor whose statements bring the current identity where their transaction has another."""

    # How many results of the message are those of the statements before the one that was asked.
    _before = 0

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        # Now, while the connection is free: to find out who asks may take a statement.
        self._identity = identity.current()
        return super().execute(query, params, **options)

    def _execute_send(self, query: Any, **options: Any) -> None:
        current = self._identity
        taken: Taken = self.connection.taken
        in_transaction = self._pgconn.transaction_status == TransactionStatus.INTRANS
        self._before = 0
        if query.query.startswith(BARE) or (in_transaction and taken.identity == current):
            super()._execute_send(query, **options)
            return
        self._before = len(current.statements)
        query.query = current.prefix + query.query
        taken.identity = current if in_transaction else None
        super()._execute_send(query, **options)

    def _set_results(self, results: list[Any]) -> None:
        own = results[self._before :]
        # Sent as plain SQL, where Django's methods, which forget it as well, are passed by.
        if any(result.command_status in UNDOING for result in own):
            self.connection.taken.forget()
        super()._set_results(own)

    def executemany(self, query: Any, params_seq: Any, *, returning: bool = False) -> None:
        """Execute a statement for each set of parameters, one after the other."""
        if returning:
            raise NotSupportedError("Results of several statements are not kept.")
        for params in params_seq:
            self.execute(query, params)

    def copy(self, *args: Any, **kwargs: Any) -> Any:
        """Copy rows within a transaction; outside of one, it would run without a role."""
        if self._pgconn.transaction_status != TransactionStatus.INTRANS:
            raise NotSupportedError("COPY brings no role: begin a transaction first.")
        self.execute("SELECT")
        return super().copy(*args, **kwargs)


class DatabaseWrapper(Wrapper):
    def __init__(self, settings_dict: dict[str, Any], alias: str) -> None:
        super().__init__(settings_dict, alias)
        self.is_replica = alias in set(Replica)
        if self.is_replica:
            self.execute_wrappers.append(replica_failures.or_on_primary)

    @property
    def has_roles(self) -> bool:
        """Return whether statements take roles: they do as the application's login."""
        return bool(self.settings_dict.get("ROW_SECURITY"))

    def get_connection_params(self) -> dict[str, Any]:
        """Return psycopg's parameters."""
        parameters: dict[str, Any] = super().get_connection_params()
        if self.has_roles:
            parameters["cursor_factory"] = Cursor
        return parameters

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
        connection.taken = Taken()
        return connection

    def take_identity(self) -> tuple[str, ...] | None:
        """Return what the next statement must take (`identity.TAKE`); None where that is taken.

        For statements that are prepared, which cannot be sent in one message with others.
        """
        if not self.has_roles:
            return None
        current = identity.current()
        taken: Taken = self.connection.taken
        if self.connection.pgconn.transaction_status == TransactionStatus.INTRANS:
            if taken.identity == current:
                return None
            taken.identity = current
        return current.values

    def _forget_identity(self) -> None:
        if self.connection is not None:
            self.connection.taken.forget()

    def _commit(self) -> None:
        self._forget_identity()
        super()._commit()

    def _rollback(self) -> None:
        self._forget_identity()
        super()._rollback()

    def _set_autocommit(self, autocommit: bool) -> None:
        self._forget_identity()
        super()._set_autocommit(autocommit)

    def _savepoint_rollback(self, sid: str) -> None:
        # The role is that from before the savepoint again.
        self._forget_identity()
        super()._savepoint_rollback(sid)

    def _cursor(self, name: str | None = None) -> Any:
        make = partial(super()._cursor, name)
        return replica_failures.cursor_of(self, make, name) if self.is_replica else make()

    def chunked_cursor(self) -> Any:
        """Return a cursor of the server within a transaction; outside of one, an ordinary one.

        A cursor of the server that outlives its statement is none that a pooler could share.
        """
        if not self.has_roles:
            return super().chunked_cursor()
        if not self.in_atomic_block:
            return self.cursor()
        if self.connection.taken.identity != identity.current():
            # A named cursor cannot bring the identity, so this does.
            with self.cursor() as cursor:
                cursor.execute("SELECT 1")
        return super().chunked_cursor()

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
