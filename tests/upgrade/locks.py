"""Judge a migration by the locks it takes on large tables while its transaction is open.

Refused, because requests would wait for it:

- rewriting a large table;
- reading all of a large table while a lock of the same transaction keeps others from writing to
  a large table;
- such a lock without a `lock_timeout` of at most 5 seconds.

A lock that blocks writes for a moment is accepted: nearly every change of a table takes one.
What a statement did is read from PostgreSQL afterwards (locks held, file of the table, scans in
this transaction), so it does not matter how the statement is written. Only CREATE INDEX
CONCURRENTLY and its kin, which refuse to run in a transaction, are accepted by their name.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

# Tables that grow with use. Partitions of them count too.
LARGE = (
    "api_tokens",
    "attendance_checks",
    "audit_log",
    "booking_attempts",
    "bookings",
    "bookings_archive",
    "email_attempts",
    "email_delivery_log",
    "email_resends",
    "email_returns",
    "event_analytics",
    "events",
    "idempotency_keys",
    "keys.person_keys",
    "message_keys",
    "notifications",
    "organizer_messages",
    "payments",
    "pricing_history",
    "tickets",
    "unconfirmed_emails",
    "user_sessions",
    "users",
    "waitlist_promotions",
    "waitlists",
)
BLOCKING_WRITES = {
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
}
CONCURRENTLY = re.compile(r"\bCONCURRENTLY\b", re.IGNORECASE)

LARGE_TABLES = """
    SELECT DISTINCT part.relid::oid, part.relid::text FROM unnest(%s::text[]) AS name,
    LATERAL (
        SELECT relid FROM pg_partition_tree(to_regclass(name))
        UNION SELECT to_regclass(name)
    ) AS part WHERE part.relid IS NOT NULL
"""
STATE = """
    SELECT c.oid, pg_relation_filenode(c.oid), coalesce(s.seq_scan, 0),
        ARRAY(SELECT l.mode FROM pg_locks l
            WHERE l.pid = pg_backend_pid() AND l.granted AND l.relation = c.oid
                AND l.locktype = 'relation'),
        (SELECT setting::int FROM pg_settings WHERE name = 'lock_timeout') BETWEEN 1 AND 5000
    FROM pg_class c LEFT JOIN pg_stat_xact_user_tables s ON s.relid = c.oid
    WHERE c.oid = ANY(%s)
"""


@dataclass(frozen=True)
class Problem:
    """What is wrong with a statement."""

    table: str
    what: str
    statement: str

    def __str__(self) -> str:
        return f"{self.what} {self.table}: {self.statement}"


@dataclass(frozen=True)
class Table:
    """A table inside a transaction. scans: how often the transaction has read all of it."""

    file: int | None
    scans: int
    blocked: bool
    waits_briefly: bool


class Judge:
    """Looks at the large tables before and after each statement of a connection."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        """Note which large tables there are; those made later do not count."""
        self.connection = connection
        self.problems: list[Problem] = []
        with connection.cursor() as cursor:
            cursor.execute(LARGE_TABLES, [list(LARGE)])
            self.names: dict[int, str] = dict(cursor.fetchall())
        self._looking = False

    def watch(
        self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any
    ) -> Any:
        """Run a statement and judge it; for `connection.execute_wrapper`."""
        if self._looking:
            return execute(sql, params, many, context)
        if self.connection.in_atomic_block:
            return self._judge(execute, sql, params, many, context)
        if CONCURRENTLY.search(str(sql)):
            return execute(sql, params, many, context)
        # The transaction of a single statement, kept open long enough to see its locks.
        with transaction.atomic(using=self.connection.alias):
            return self._judge(execute, sql, params, many, context)

    def _judge(
        self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any
    ) -> Any:
        before = self._look()
        result = execute(sql, params, many, context)
        after = self._look()
        for table, what in self._compare(before, after):
            self.problems.append(Problem(table, what, " ".join(str(sql).split())))
        return result

    def _look(self) -> dict[int, Table]:
        self._looking = True
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(STATE, [list(self.names)])
                rows = cursor.fetchall()
        finally:
            self._looking = False
        return {
            oid: Table(file, scans, bool(BLOCKING_WRITES & set(modes)), waits_briefly)
            for oid, file, scans, modes, waits_briefly in rows
        }

    def _compare(
        self, before: dict[int, Table], after: dict[int, Table]
    ) -> Iterator[tuple[str, str]]:
        blocked = sorted(self.names[oid] for oid, table in after.items() if table.blocked)
        for oid, table in after.items():
            name, earlier = self.names[oid], before[oid]
            if table.file != earlier.file:
                yield name, "rewrites"
            if blocked and table.scans > earlier.scans:
                yield name, f"while writes to {', '.join(blocked)} wait, reads all of"
            if table.blocked and not table.waits_briefly:
                yield name, "without a short lock_timeout, blocks writes to"


@contextmanager
def judged(connection: BaseDatabaseWrapper) -> Iterator[list[Problem]]:
    """Judge all statements of a connection in a block; the list fills as they run."""
    judge = Judge(connection)
    with connection.execute_wrapper(judge.watch):
        yield judge.problems
