"""Limits in tests: counted from nothing in each, in windows that end when a test says so."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from evently.counters import counters


@pytest.fixture(autouse=True)
def fresh_counters(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Count attempts from nothing, apart from whoever else uses the broker."""
    monkeypatch.setattr(counters, "prefix", f"test:{uuid4()}")
    # On a busy machine the store may be slow once, and what it counted would be counted anew here.
    monkeypatch.setattr(counters, "timeout_seconds", 10.0)
    counters.reset()
    yield
    counters.reset()


class StillTime:
    """The time of this process, by which limits and signed links go: it moves when told to."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        # Noon: no window of a minute, an hour or a day ends in the middle of a test.
        today = datetime.now(UTC).replace(hour=12, minute=0, second=10, microsecond=0)
        self._now = today.timestamp()
        patch.setattr(time, "time", lambda: self._now)

    def move(self, ahead: timedelta) -> None:
        """Let time pass."""
        self._now += ahead.total_seconds()


@pytest.fixture
def still_time() -> Iterator[StillTime]:
    """Stop the time of this process; the database's clock goes on."""
    with pytest.MonkeyPatch.context() as patch:
        yield StillTime(patch)
