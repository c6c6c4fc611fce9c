"""Travelling in time: the owner replaces the one clock that triggers and operations ask."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from evently.tests.database import as_owner


class TestClock:
    """The database's clock, in the hands of a test."""

    __test__ = False

    def move(self, ahead: timedelta) -> None:
        """Let the clock run so far ahead of the real one."""
        seconds = ahead.total_seconds()
        with as_owner() as connection:
            connection.execute(
                "CREATE OR REPLACE FUNCTION evently_clock() RETURNS timestamptz"
                " LANGUAGE sql VOLATILE PARALLEL SAFE"
                f" AS 'SELECT clock_timestamp() + interval ''{seconds} seconds'''"
            )

    def reset(self) -> None:
        """Let it show the real time again."""
        self.move(timedelta(0))


@pytest.fixture
def clock(django_db_setup: None) -> Iterator[TestClock]:
    """Give the test a clock that it can move, and set it right afterwards."""
    test_clock = TestClock()
    yield test_clock
    test_clock.reset()
