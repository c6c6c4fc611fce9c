"""/healthz, /readyz and /metrics."""

import socket
import time
from threading import Event

import pytest
from django.db import connections
from django.test import RequestFactory

from evently import health, heartbeats, metrics
from evently.tests.database import as_owner
from evently.tests.running import PATIENCE_SECONDS, wait_for


def test_healthz_answers_without_database(client):
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")


def parts_of(response):
    body = response.json()
    return response.status_code, body["database"]["status"], body["broker"]["status"]


def comes_to(client, *wanted):
    """Ask until this is the answer, and return it.

    A question that an earlier test asked may still hang, and a part of a busy machine may need
    more than a second now and then.
    """
    answers = []

    def as_wanted():
        answers.append(client.get("/readyz"))
        return parts_of(answers[-1]) == wanted

    assert wait_for(as_wanted), f"last {parts_of(answers[-1])}, not {wanted}"
    return answers[-1]


@pytest.fixture(params=["refuses", "says nothing"])
def deaf_port(request):
    """Return a port on which no process listens, or one listens and never answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        if request.param == "says nothing":
            taken.listen()
        yield taken.getsockname()[1]


@pytest.mark.django_db
def test_readyz_is_ok_while_both_parts_answer(client):
    response = comes_to(client, 200, "ok", "ok")

    assert response.json()["broker"]["ms"] >= 0


@pytest.mark.django_db
def test_readyz_says_what_runs_in_the_background(client, monkeypatch):
    monkeypatch.setattr("evently.heartbeats.SEEN", "evently:test:seen")
    heartbeats.note(heartbeats.SEEN, "mailer:1@here")
    try:
        response = comes_to(client, 200, "ok", "ok")
    finally:
        heartbeats.forget("mailer:1@here")

    assert response.json()["background"] == {
        "worker": "down",
        "urgent-worker": "down",
        "mailer": "ok",
        "scheduler": "down",
    }


def test_readyz_says_that_the_broker_is_down_and_not_why(client, settings, deaf_port):
    settings.REDIS_URL = f"redis://:hunter2@127.0.0.1:{deaf_port}/0"

    response = comes_to(client, 503, "ok", "down")

    assert "hunter2" not in response.content.decode()
    assert str(deaf_port) not in response.content.decode()


def test_readyz_says_that_the_database_is_down_and_not_why(client, monkeypatch, deaf_port):
    monkeypatch.setitem(connections["default"].settings_dict, "PORT", str(deaf_port))

    response = comes_to(client, 503, "down", "ok")

    assert str(deaf_port) not in response.content.decode()


@pytest.mark.django_db(transaction=True)
def test_readyz_names_the_migrations_that_the_database_lacks(client, monkeypatch):
    monkeypatch.setattr(health, "_migrated_until", 0.0)
    last = "waitlists", "0003_seat_ledger"
    with as_owner() as database:
        database.execute("DELETE FROM django_migrations WHERE (app, name) = (%s, %s)", last)
    try:
        answers = []

        def is_behind():
            answers.append(client.get("/readyz"))
            return answers[-1].json()["migrations"]["status"] == "behind"

        assert wait_for(is_behind), answers[-1].json()
        assert answers[-1].status_code == 503
        assert answers[-1].json()["migrations"]["missing"] == ["waitlists.0003_seat_ledger"]
    finally:
        with as_owner() as database:
            database.execute(
                "INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, now())", last
            )
    # It is asked again until it is up to date, and then no more for a while.
    assert wait_for(lambda: client.get("/readyz").status_code == 200)
    assert health._migrated_until > time.monotonic()


def test_probe_waits_for_no_answer_past_its_deadline_and_asks_once_at_a_time():
    asked, is_asked, may_answer = [], Event(), Event()

    def hang():
        asked.append(1)
        is_asked.set()
        may_answer.wait()

    probe = health.Probe("part", hang)
    try:
        for _ in range(2):
            # Were it waited for, this would never end.
            assert probe.result(time.monotonic() + 0.05)["status"] == "down"
            assert is_asked.wait(PATIENCE_SECONDS)
        assert len(asked) == 1
    finally:
        may_answer.set()
    assert probe.result(time.monotonic() + PATIENCE_SECONDS)["status"] == "ok"


def test_metrics_show_requests_tasks_and_bookings(client):
    client.get("/healthz")
    metrics.observe_task("bookings.tasks.expire", "SUCCESS", 0.1)
    metrics.count_booking_attempt("a_test")
    text = client.get("/metrics").content.decode()
    assert 'evently_http_requests_total{method="GET",route="healthz",status="200"}' in text
    assert 'evently_tasks_total{state="SUCCESS",task="bookings.tasks.expire"} 1.0' in text
    assert 'evently_booking_attempts_total{result="a_test"} 1.0' in text


def test_metrics_leave_out_a_gauge_that_cannot_be_read(client, settings):
    # The broker has half a second to answer, which a busy machine may need more than once.
    assert wait_for(lambda: b"\nevently_queue_tasks{" in client.get("/metrics").content)
    # No process listens on this port.
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    text = client.get("/metrics").content.decode()

    assert "evently_queue_tasks" not in text
    assert "evently_http_requests_total" in text


@pytest.mark.parametrize(
    ("meta", "status"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, 200),
        ({"REMOTE_ADDR": "::1"}, 200),
        ({"REMOTE_ADDR": "10.0.0.7"}, 403),
        ({"REMOTE_ADDR": ""}, 403),
        # A proxy on this machine forwards a request.
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "10.0.0.7"}, 403),
        ({"REMOTE_ADDR": "10.0.0.7", "HTTP_AUTHORIZATION": "Bearer right"}, 200),
        ({"REMOTE_ADDR": "10.0.0.7", "HTTP_AUTHORIZATION": "Bearer wröng"}, 403),
    ],
)
def test_metrics_are_for_this_machine_or_for_the_token(monkeypatch, meta, status):
    monkeypatch.setenv("METRICS_TOKEN", "right")
    request = RequestFactory().get("/metrics", **meta)
    assert health.metrics_page(request).status_code == status


def test_metrics_without_a_token_set_know_no_bearer(monkeypatch):
    monkeypatch.delenv("METRICS_TOKEN", raising=False)
    meta = {"REMOTE_ADDR": "10.0.0.7", "HTTP_AUTHORIZATION": "Bearer "}
    assert health.metrics_page(RequestFactory().get("/metrics", **meta)).status_code == 403
