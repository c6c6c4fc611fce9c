"""The clock of tests, as operations see it that run in the test's own transaction."""

from datetime import UTC, datetime, timedelta

import pytest

from evently.database.clock import now

AT = datetime(2030, 1, 2, 3, tzinfo=UTC)


@pytest.mark.django_db
def test_each_moment_is_noticed_at_once(clock):
    for hours in range(10):
        at = AT + timedelta(hours=hours)
        clock.stop(at)
        assert now() == at
