"""Leaving alone what does not answer."""

import time

import pytest

from evently.circuit_breaker import PAUSE_PER_SECOND_WAITED, CircuitBreaker

LEAST = 2.0


@pytest.fixture
def still(monkeypatch):
    """Let time stand still, and return a function that lets some of it pass."""
    shown = [time.monotonic()]
    monkeypatch.setattr(time, "monotonic", lambda: shown[0])

    def pass_by(seconds):
        shown[0] += seconds

    return pass_by


@pytest.mark.parametrize(
    ("waited", "pause"), [(0, LEAST), (0.5, LEAST + 0.5 * PAUSE_PER_SECOND_WAITED)]
)
def test_breaker_pauses_the_longer_the_longer_somebody_waited(still, waited, pause):
    breaker = CircuitBreaker(least_pause_seconds=LEAST)
    assert breaker.lets_ask()
    breaker.failed(after_seconds=waited)

    still(pause - 0.1)
    assert not breaker.lets_ask()
    still(0.1)
    assert breaker.lets_ask()


def test_breaker_lets_one_find_out_whether_there_are_answers_again(still):
    breaker = CircuitBreaker(least_pause_seconds=LEAST)
    breaker.failed(after_seconds=0)
    still(LEAST)

    assert [breaker.lets_ask() for _ in range(3)] == [True, False, False]
    breaker.answered()
    assert [breaker.lets_ask() for _ in range(3)] == [True, True, True]


def test_breaker_is_open_again_though_the_one_who_asked_never_came_back(still):
    breaker = CircuitBreaker(least_pause_seconds=LEAST)
    breaker.failed(after_seconds=0)
    still(LEAST)
    assert breaker.lets_ask()

    still(LEAST)

    assert breaker.lets_ask()
