"""Limits in tests: counted from nothing in each."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from evently.counters import counters


@pytest.fixture(autouse=True)
def fresh_counters(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Count attempts from nothing, apart from whoever else uses the broker."""
    monkeypatch.setattr(counters, "prefix", f"test:{uuid4()}")
    counters.reset()
    yield
    counters.reset()
