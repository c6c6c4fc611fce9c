"""The circuit breaker: open, half-open, closed."""

import time

import pytest

from evently.circuit_breaker import PAUSE_PER_SECOND_WAITED, CircuitBreaker

MIN_PAUSE = 2.0


@pytest.fixture
def advance_clock(monkeypatch):
    """Stop the clock, and return a function that advances it by some seconds."""
    at = [time.monotonic()]
    monkeypatch.setattr(time, "monotonic", lambda: at[0])

    def advance(seconds):
        at[0] += seconds

    return advance


@pytest.mark.parametrize(
    ("waited", "pause"), [(0, MIN_PAUSE), (0.5, MIN_PAUSE + 0.5 * PAUSE_PER_SECOND_WAITED)]
)
def test_circuit_stays_open_longer_after_a_longer_wait(advance_clock, waited, pause):
    breaker = CircuitBreaker(min_pause_seconds=MIN_PAUSE)
    assert breaker.allows_request()
    breaker.record_failure(after_seconds=waited)

    advance_clock(pause - 0.1)
    assert not breaker.allows_request()
    advance_clock(0.1)
    assert breaker.allows_request()


def test_half_open_circuit_allows_one_request(advance_clock):
    breaker = CircuitBreaker(min_pause_seconds=MIN_PAUSE)
    breaker.record_failure(after_seconds=0)
    advance_clock(MIN_PAUSE)

    assert [breaker.allows_request() for _ in range(3)] == [True, False, False]
    breaker.record_success()
    assert [breaker.allows_request() for _ in range(3)] == [True, True, True]


def test_half_open_circuit_allows_another_request_when_the_first_reports_nothing(advance_clock):
    breaker = CircuitBreaker(min_pause_seconds=MIN_PAUSE)
    breaker.record_failure(after_seconds=0)
    advance_clock(MIN_PAUSE)
    assert breaker.allows_request()

    advance_clock(MIN_PAUSE)

    assert breaker.allows_request()
