"""Reading from replicas of the database: figures from one, exports and reports from another.

`reads_from(Replica.ANALYTICS)` sends what its block reads through models to that replica, where one
is configured (`ANALYTICS_DATABASE_URL`, `REPORTING_DATABASE_URL`), and to the primary where none is
or it gives no answer. Roles and row-level security are the same there. Everything else stays with
the primary: writes, statements of `connection`, prepared queries, and finding out who asks.

A statement that a replica ends, cancels or leaves without an answer runs on the primary
(`evently.database.replica_failures`).

A block's querysets are read within it. What streams to a client is read with `.using(reachable(…))`
instead, and so is what a generator reads: it would leave the block open for its caller.
"""

import time
from contextlib import ContextDecorator
from contextvars import ContextVar, Token
from datetime import timedelta
from enum import StrEnum
from typing import Any

import structlog
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, connections

from evently.circuit_breaker import CircuitBreaker
from evently.database.watch import ask

# With the time-out of connecting, the most that a page waits for a replica that is away.
PATIENCE_SECONDS = 2.0
# Also counts what the primary has not changed meanwhile; roll-ups do so each minute.
LAG = b"SELECT extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())"

log = structlog.get_logger(__name__)


class Replica(StrEnum):
    """A replica, by its alias in DATABASES, which is there where it is configured."""

    ANALYTICS = "analytics"
    REPORTING = "reporting"


_breakers = {replica: CircuitBreaker(min_pause_seconds=5.0) for replica in Replica}
# As they were when they were last asked.
_lags: dict[Replica, timedelta | None] = {}
# The alias that models are read from; None where Django decides.
_reads_from: ContextVar[str | None] = ContextVar("evently_reads_from", default=None)


def is_configured(replica: Replica) -> bool:
    """Return whether there is such a replica."""
    return replica in connections.settings


def reachable(replica: Replica) -> str:
    """Return the alias to read from: the replica's if it is there and answers, else the primary's.

    One that gives no answer is waited for briefly, and then left alone for a while.
    """
    if not is_configured(replica) or not _breakers[replica].allows_request():
        return DEFAULT_DB_ALIAS
    started = time.monotonic()
    try:
        _lags[replica] = _ask(replica)
    except (DatabaseError, InterfaceError, OSError) as error:
        note_lost(connections[replica], error, after_seconds=time.monotonic() - started)
        return DEFAULT_DB_ALIAS
    _breakers[replica].record_success()
    return replica.value


def is_left_alone(alias: str) -> bool:
    """Return whether a replica gave no answer, and is not to be asked for a while."""
    return _breakers[Replica(alias)].is_open


def note_lost(connection: Any, error: Exception, *, after_seconds: float) -> None:
    """Leave a replica alone for a while that ended a connection, or gave no answer in time."""
    replica = Replica(connection.alias)
    _breakers[replica].record_failure(after_seconds=after_seconds)
    _lags[replica] = None
    connection.close()
    log.warning("replica_unreachable", replica=replica.value, error=type(error).__name__)


def note_refused(connection: Any, reason: str) -> None:
    """Log that a replica did not run one statement. reason: `conflict`, `behind`."""
    if connection.connection is not None and connection.connection.closed:
        connection.close()
    log.warning("replica_statement_failed", replica=connection.alias, reason=reason)


def lag(replica: Replica) -> timedelta | None:
    """Return how far a replica was behind when it was last asked.

    None where it is not known: there is none, it does not answer, or it is no standby.
    """
    return _lags.get(replica)


def reset() -> None:
    """Forget which replicas gave no answer (for tests)."""
    for breaker in _breakers.values():
        breaker.reset()
    _lags.clear()


def _ask(replica: Replica) -> timedelta | None:
    connection = connections[replica]
    # One that the server has ended since, without a word, is replaced.
    for attempt in range(2):
        connection.close_if_health_check_failed()
        connection.ensure_connection()
        try:
            with connection.wrap_database_errors:
                seconds = ask(connection.connection.pgconn, LAG, patience_seconds=PATIENCE_SECONDS)
        except DatabaseError:
            connection.close()
            if attempt:
                raise
        else:
            return None if seconds is None else timedelta(seconds=max(float(seconds), 0.0))
    raise AssertionError("unreachable")


class reads_from(ContextDecorator):  # noqa: N801 - reads as a function, and is one as a decorator
    """Read models from a replica within the block or function, as far as it can be reached."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica

    def _recreate_cm(self) -> "reads_from":
        return reads_from(self._replica)  # for each call of a function: it may call itself

    def __enter__(self) -> str:
        # Within a block of the same replica it is not asked again.
        alias = _reads_from.get()
        if alias != self._replica:
            alias = reachable(self._replica)
        self._token: Token[str | None] = _reads_from.set(
            None if alias == DEFAULT_DB_ALIAS else alias
        )
        return alias

    def __exit__(self, *error: object) -> None:
        _reads_from.reset(self._token)


class reads_from_primary(ContextDecorator):  # noqa: N801 - likewise
    """Read models as outside of any `reads_from`: for what must not be late."""

    def _recreate_cm(self) -> "reads_from_primary":
        return reads_from_primary()

    def __enter__(self) -> None:
        self._token: Token[str | None] = _reads_from.set(None)

    def __exit__(self, *error: object) -> None:
        _reads_from.reset(self._token)


class ReplicaRouter:
    """Sends reads where `reads_from` says; an object from a replica belongs to the primary."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return _reads_from.get() or _primary_of(hints.get("instance"))

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        return _primary_of(hints.get("instance"))

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool | None:
        """Allow objects of replica and primary to refer to each other: the rows are the same."""
        return True if _primary_of(one) or _primary_of(other) else None

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        """Run no migration on a replica: it gets what the primary has."""
        return False if db in set(Replica) else None


def _primary_of(instance: Any) -> str | None:
    return DEFAULT_DB_ALIAS if instance is not None and instance._state.db in set(Replica) else None
