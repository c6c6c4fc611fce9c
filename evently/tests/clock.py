"""Travelling in time: the owner replaces the one clock that triggers and operations ask."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from psycopg.pq import TransactionStatus

from evently.database.versioned import newest_source
from evently.tests.database import as_owner_at_once

# One that no query reads.
LOCKS_A_TABLE = "SELECT FROM pg_catalog.pg_foreign_server LIMIT 0"


class TestClock:
    """The database's clock, in the hands of a test."""

    __test__ = False

    def __init__(self) -> None:
        self._touched = False

    def move(self, ahead: timedelta) -> None:
        """Let the clock run so far ahead of the real one."""
        self._show(f"clock_timestamp() + interval ''{ahead.total_seconds()} seconds''")

    def stop(self, at: datetime | None = None) -> None:
        """Let it stand still at a moment, by default at this one."""
        self._show(f"timestamptz ''{(at or datetime.now(UTC)).isoformat()}''")

    def reset(self) -> None:
        """Let it show the real time again, by the function that migrations install."""
        if self._touched:
            _replace(newest_source("evently", "clock"))

    def _show(self, moment: str) -> None:
        self._touched = True
        _replace(
            "CREATE OR REPLACE FUNCTION evently_clock() RETURNS timestamptz"
            f" LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT {moment}'"
        )


def _replace(source: str) -> None:
    """Replace the function, and let the connection of the test notice it.

    Prepared statements have the function's text in their plans. In a transaction, a session hears
    of changes only when it locks a table that it has not locked before.
    """
    as_owner_at_once(source)
    session = connection.connection
    if session and session.info.transaction_status == TransactionStatus.INTRANS:
        for statement in ("SAVEPOINT clock", LOCKS_A_TABLE, "ROLLBACK TO clock", "RELEASE clock"):
            session.execute(statement)


@pytest.fixture
def clock(django_db_setup: None) -> Iterator[TestClock]:
    """Give the test a clock that it can move, and set it right afterwards."""
    test_clock = TestClock()
    yield test_clock
    test_clock.reset()
