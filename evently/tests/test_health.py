"""/healthz, /readyz and /metrics."""

import time

import pytest
from django.test import RequestFactory

from evently import health, metrics


def test_healthz_answers_without_database(client):
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")


def test_readyz_is_ok_while_both_parts_answer(client):
    response = client.get("/readyz")
    body = response.json()
    assert response.status_code == 200, body
    assert {name: body[name]["status"] for name in ("database", "broker")} == {
        "database": "ok",
        "broker": "ok",
    }
    assert 0 <= body["broker"]["ms"] < 1500


def fail():
    raise RuntimeError("postgres://user:hunter2@db.example.org")


def hang():
    time.sleep(2.5)


@pytest.mark.parametrize("ask", [fail, hang])
def test_readyz_says_which_part_is_down_quickly_and_without_reasons(client, monkeypatch, ask):
    probes = (health.Probe("database", lambda: None), health.Probe("broker", ask))
    monkeypatch.setattr(health, "PROBES", probes)
    started = time.monotonic()
    response = client.get("/readyz")

    assert time.monotonic() - started < 2
    assert response.status_code == 503
    assert response.json()["database"]["status"] == "ok"
    assert response.json()["broker"]["status"] == "down"
    assert "hunter2" not in response.content.decode()


def test_readyz_asks_a_hanging_part_once_at_a_time(client, monkeypatch):
    asked = []

    def hang_and_count():
        asked.append(1)
        time.sleep(2.5)

    monkeypatch.setattr(health, "PROBES", (health.Probe("broker", hang_and_count),))
    for _ in range(2):
        assert client.get("/readyz").status_code == 503
    assert len(asked) == 1


def test_metrics_show_requests_tasks_and_bookings(client):
    client.get("/healthz")
    metrics.observe_task("bookings.tasks.expire", "SUCCESS", 0.1)
    metrics.count_booking_attempt("a_test")
    text = client.get("/metrics").content.decode()
    assert 'evently_http_requests_total{method="GET",route="healthz",status="200"}' in text
    assert 'evently_tasks_total{state="SUCCESS",task="bookings.tasks.expire"} 1.0' in text
    assert 'evently_booking_attempts_total{result="a_test"} 1.0' in text
    assert "evently_queue_tasks" in text


def test_metrics_leave_out_a_gauge_that_fails(client, monkeypatch):
    monkeypatch.setattr(
        metrics, "_on_scrape", {"unreadable": ("", fail), "readable": ("", lambda: 7.0)}
    )
    text = client.get("/metrics").content.decode()
    assert "\nreadable 7.0" in text
    assert "unreadable" not in text


@pytest.mark.parametrize(
    ("meta", "status"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, 200),
        ({"REMOTE_ADDR": "::1"}, 200),
        ({"REMOTE_ADDR": "10.0.0.7"}, 403),
        ({"REMOTE_ADDR": ""}, 403),
        # A proxy on this machine asks for somebody else.
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
