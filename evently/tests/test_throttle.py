"""Rate limits and their counters."""

import socket
import threading
import time
from datetime import timedelta

import pytest
import redis

from evently.counters import (
    MOST_LOCAL,
    PAUSE_AFTER_FAILURE_SECONDS,
    TIMEOUT_SECONDS,
    counters,
)
from evently.throttle import Limit, TooManyAttempts, client_of, count, forgive

LIMIT = Limit("test", most=3, window=timedelta(hours=1))

pytestmark = pytest.mark.usefixtures("still_time")


@pytest.fixture
def broker_down(settings):
    # No server listens there.
    settings.REDIS_URL = "redis://127.0.0.1:9/0"


def fill(subject="ana"):
    for _ in range(LIMIT.most):
        count((LIMIT, subject))


def test_count_allows_the_limit_and_no_more():
    fill()

    with pytest.raises(TooManyAttempts) as refusal:
        count((LIMIT, "ana"))
    assert refusal.value.retry_after_seconds == 3590
    count((LIMIT, "bo"))


def test_count_ignores_attempts_without_a_subject():
    for _ in range(10):
        assert count((LIMIT, None)) == []


def test_count_starts_again_with_the_next_window(still_time):
    fill()
    still_time.move(timedelta(minutes=59, seconds=49))
    with pytest.raises(TooManyAttempts):
        count((LIMIT, "ana"))

    still_time.move(timedelta(seconds=1))

    count((LIMIT, "ana"))


def test_forgive_uncounts_an_attempt():
    for _ in range(10):
        forgive(count((LIMIT, "ana")))
    fill()
    with pytest.raises(TooManyAttempts):
        count((LIMIT, "ana"))


def test_retry_after_is_that_of_the_longest_exceeded_window():
    day = Limit("day", most=1, window=timedelta(days=1))
    count((LIMIT, "ana"), (day, "ana"))

    with pytest.raises(TooManyAttempts) as refusal:
        count((LIMIT, "ana"), (day, "ana"))
    assert refusal.value.retry_after_seconds == 12 * 3600 - 10


@pytest.mark.usefixtures("broker_down")
def test_count_limits_per_process_while_the_broker_is_down():
    fill()

    with pytest.raises(TooManyAttempts):
        count((LIMIT, "ana"))
    count((LIMIT, "bo"))


def test_count_seldom_waits_for_a_broker_that_does_not_respond(settings, monkeypatch):
    began = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: began)
    monkeypatch.setattr(counters, "timeout_seconds", TIMEOUT_SECONDS)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        settings.REDIS_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        for n in range(1000):
            count((LIMIT, f"person{n}"))

        silent.settimeout(0)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()


def test_count_returns_to_the_broker_after_a_pause(settings, monkeypatch):
    began = time.monotonic()
    back, settings.REDIS_URL = settings.REDIS_URL, "redis://127.0.0.1:9/0"
    fill()
    settings.REDIS_URL = back
    monkeypatch.setattr(time, "monotonic", lambda: began + PAUSE_AFTER_FAILURE_SECONDS - 1)
    with pytest.raises(TooManyAttempts):
        count((LIMIT, "ana"))

    monkeypatch.setattr(time, "monotonic", lambda: began + PAUSE_AFTER_FAILURE_SECONDS + 600)

    count((LIMIT, "ana"))


@pytest.mark.usefixtures("broker_down")
def test_local_counters_are_bounded():
    for n in range(MOST_LOCAL + 1000):
        counters.add(f"key{n}", seconds=60)

    assert len(counters._local) <= MOST_LOCAL
    # The newest ones are kept.
    assert counters.add(f"key{MOST_LOCAL + 999}", seconds=60) == 2


def test_counters_hold_no_personal_data(settings):
    count((LIMIT, "ana@example.org"), (LIMIT, "192.0.2.7"))

    with redis.Redis.from_url(settings.REDIS_URL) as store:
        keys = [key.decode() for key in store.scan_iter(f"{counters.prefix}:*", count=1000)]
    assert len(keys) == 2
    assert not any("ana" in key or "192.0" in key for key in keys)


def test_simultaneous_attempts_do_not_exceed_the_limit():
    passed, barrier = [], threading.Barrier(20)

    def work():
        barrier.wait()
        try:
            count((LIMIT, "ana"))
        except TooManyAttempts:
            return
        passed.append(1)

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(passed) == LIMIT.most


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("", None),
        (None, None),
        ("unix:", None),
    ],
)
def test_client_of(address, client):
    assert client_of(address) == client
