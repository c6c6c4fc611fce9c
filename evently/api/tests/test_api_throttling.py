"""Rate limits: told in headers, kept per token, open while the broker is down."""

import re
import socket
import time

import pytest
import redis

from evently import throttle
from evently.accounts.factories import UserFactory
from evently.api import throttling
from evently.api.tests.client import api, assert_problem
from evently.counters import TIMEOUT_SECONDS, Counters

pytestmark = pytest.mark.django_db
EVENTS = "/api/v1/events/"


@pytest.fixture(autouse=True)
def still_clock(monkeypatch):
    """Let no minute end in the middle of a test."""
    began = time.time() // 60 * 60 + 10
    monkeypatch.setattr(time, "time", lambda: began)


def test_headers_tell_what_is_left(settings):
    settings.API_RATE_PER_MINUTE = 3
    client = api(UserFactory())

    answers = [client.get(EVENTS) for _ in range(4)]

    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert [one.headers["RateLimit"] for one in answers] == [
        '"default";r=2;t=50',
        '"default";r=1;t=50',
        '"default";r=0;t=50',
        '"default";r=0;t=50',
    ]
    assert answers[0].headers["RateLimit-Policy"] == '"default";q=3;w=60'
    assert_problem(answers[3], 429, "rate_limited")
    assert answers[3].headers["Retry-After"] == "50"


def test_limits_end_with_the_minute(settings, monkeypatch):
    settings.API_RATE_PER_MINUTE = 1
    client = api(UserFactory())
    assert [client.get(EVENTS).status_code for _ in range(2)] == [200, 429]

    later = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: later)

    assert client.get(EVENTS).status_code == 200


def test_tokens_are_counted_apart(settings):
    settings.API_RATE_PER_MINUTE = 1
    first, second, nobody = api(UserFactory()), api(UserFactory()), api()
    second.defaults["REMOTE_ADDR"] = nobody.defaults["REMOTE_ADDR"] = first.defaults["REMOTE_ADDR"]

    assert [one.get(EVENTS).status_code for one in (first, second, nobody)] == [200, 200, 200]
    assert [one.get(EVENTS).status_code for one in (first, second, nobody)] == [429, 429, 429]


def test_errors_count_and_tell_too(settings):
    settings.API_RATE_PER_MINUTE = 2
    client = api()
    header = {"HTTP_AUTHORIZATION": "Bearer evt_guess"}

    answers = [client.get("/api/v1/me/", **header) for _ in range(3)]

    assert [one.status_code for one in answers] == [401, 401, 429]
    assert all("RateLimit" in one.headers for one in answers)


def test_signing_up_has_a_limit_of_its_own_by_address():
    client = api()
    for _ in range(throttling.NAMED_RATES["auth"]):
        assert client.post("/api/v1/auth/register/", {}).status_code == 422

    response = client.post("/api/v1/auth/token/", {})

    assert_problem(response, 429, "rate_limited")
    assert re.match(r'"auth";r=0;t=\d+', response.headers["RateLimit"])
    assert client.get(EVENTS).status_code == 200


@pytest.fixture
def connects(monkeypatch):
    """Collect the time-outs of each connection to a broker, while no pause comes to its end."""
    began, real, made = time.monotonic(), redis.Connection.connect, []

    def connect(self):
        made.append((self.socket_connect_timeout, self.socket_timeout))
        return real(self)

    monkeypatch.setattr(time, "monotonic", lambda: began)
    monkeypatch.setattr(redis.Connection, "connect", connect)
    return made


def test_broker_down_is_asked_once_while_limits_are_counted_here(settings, monkeypatch, connects):
    settings.API_RATE_PER_MINUTE = 30
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(throttle, "counters", Counters())
    client = api(UserFactory())

    statuses = [client.get(EVENTS).status_code for _ in range(31)]

    assert statuses == [200] * 30 + [429]
    assert connects == [(TIMEOUT_SECONDS, TIMEOUT_SECONDS)]


def test_silent_broker_costs_one_short_wait(settings, connects):
    """A broker that takes connections and never answers is asked once, then left alone."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        settings.REDIS_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        counters = Counters()
        counts = [counters.add("key", seconds=60) for _ in range(1000)]

    assert counts == list(range(1, 1001))
    assert connects == [(TIMEOUT_SECONDS, TIMEOUT_SECONDS)]
