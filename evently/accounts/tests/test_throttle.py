import threading
import time
from datetime import timedelta

import pytest

import evently.counters
from evently.accounts.throttle import Limit, TooManyAttempts, client_of, count, forgive
from evently.counters import counters

LIMIT = Limit("test", most=3, window=timedelta(hours=1))


@pytest.fixture
def broker_down(settings):
    # Nothing listens there.
    settings.REDIS_URL = "redis://127.0.0.1:9/0"


def fill(subject="ana"):
    for _ in range(LIMIT.most):
        count((LIMIT, subject))


def test_count_lets_so_many_through():
    fill()

    with pytest.raises(TooManyAttempts) as refusal:
        count((LIMIT, "ana"))
    assert 0 < refusal.value.retry_after_seconds <= 3600
    count((LIMIT, "bo"))


def test_count_ignores_what_has_no_subject():
    for _ in range(10):
        assert count((LIMIT, None)) == []


def test_count_starts_anew_with_the_next_window(monkeypatch):
    fill()
    later = time.time() + 3600
    monkeypatch.setattr(time, "time", lambda: later)

    count((LIMIT, "ana"))


def test_forgive_takes_an_attempt_back():
    for _ in range(10):
        forgive(count((LIMIT, "ana")))
    fill()
    with pytest.raises(TooManyAttempts):
        count((LIMIT, "ana"))


def test_the_strictest_limit_says_when_to_come_back():
    day = Limit("day", most=1, window=timedelta(days=1))
    count((LIMIT, "ana"), (day, "ana"))

    with pytest.raises(TooManyAttempts) as refusal:
        count((LIMIT, "ana"), (day, "ana"))
    assert refusal.value.retry_after_seconds == pytest.approx(86400 - time.time() % 86400, abs=3)


@pytest.mark.usefixtures("broker_down")
def test_count_goes_on_while_the_broker_is_down():
    fill()

    with pytest.raises(TooManyAttempts):
        count((LIMIT, "ana"))
    count((LIMIT, "bo"))


@pytest.mark.usefixtures("broker_down")
def test_count_does_not_wait_for_a_broker_that_is_down():
    count((LIMIT, "ana"))

    started = time.monotonic()
    for n in range(1000):
        count((LIMIT, f"person{n}"))
    assert time.monotonic() - started < 1


def test_count_comes_back_to_the_broker(settings, monkeypatch):
    back, settings.REDIS_URL = settings.REDIS_URL, "redis://127.0.0.1:9/0"
    fill()
    settings.REDIS_URL = back
    monkeypatch.setattr(counters, "_paused_until", 0.0)

    count((LIMIT, "ana"))


@pytest.mark.usefixtures("broker_down")
def test_counters_of_the_process_stay_few(monkeypatch):
    monkeypatch.setattr(evently.counters, "MOST_LOCAL", 100)

    for n in range(1000):
        count((LIMIT, f"person{n}"))

    assert len(counters._local) <= 100


def test_counters_hold_no_addresses(monkeypatch):
    keys = []
    monkeypatch.setattr(counters, "add", lambda key, **kwargs: keys.append(key) or 1)

    count((LIMIT, "ana@example.org"), (LIMIT, "192.0.2.7"))

    assert len(set(keys)) == 2
    assert not any("ana" in key or "192" in key for key in keys)


def test_a_hundred_at_once_do_not_all_pass():
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
