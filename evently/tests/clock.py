"""Travelling in time: the owner replaces the one clock that triggers and operations ask."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from evently.database.versioned import newest_source
from evently.tests.database import as_owner_at_once


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
            as_owner_at_once(newest_source("evently", "clock"))

    def _show(self, moment: str) -> None:
        self._touched = True
        as_owner_at_once(
            "CREATE OR REPLACE FUNCTION evently_clock() RETURNS timestamptz"
            f" LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT {moment}'"
        )


@pytest.fixture
def clock(django_db_setup: None) -> Iterator[TestClock]:
    """Give the test a clock that it can move, and set it right afterwards."""
    test_clock = TestClock()
    yield test_clock
    test_clock.reset()
