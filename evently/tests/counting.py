"""Rate limits in tests: each test starts from zero and controls when windows end."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from evently.counters import counters
from evently.page_views import page_views


@pytest.fixture(autouse=True)
def fresh_counters(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Start counting from zero, apart from other tests on the same Redis."""
    monkeypatch.setattr(counters, "prefix", f"test:{uuid4()}")
    # On a busy machine Redis may be slow once, and counting would start again in the process.
    monkeypatch.setattr(counters, "timeout_seconds", 10.0)
    counters.reset()
    page_views.reset()
    yield
    counters.reset()
    page_views.reset()


class StillTime:
    """The clock of this process, for rate limits and signed links; a test moves it."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        # Noon: no window of a minute, an hour or a day ends in the middle of a test.
        today = datetime.now(UTC).replace(hour=12, minute=0, second=10, microsecond=0)
        self._now = today.timestamp()
        patch.setattr(time, "time", lambda: self._now)

    def move(self, ahead: timedelta) -> None:
        self._now += ahead.total_seconds()


@pytest.fixture
def still_time() -> Iterator[StillTime]:
    """Stop the clock of this process; the database's clock continues."""
    with pytest.MonkeyPatch.context() as patch:
        yield StillTime(patch)
