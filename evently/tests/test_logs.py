"""One log line per request and per task, with an id and without personal data."""

import io
import json
import logging
import sys
import warnings

import pytest
import structlog
from celery import shared_task
from django.http import HttpResponse
from django.test import RequestFactory
from gunicorn.config import Config

from evently import logs
from evently.supervisor.gunicorn_log import Logger, without_client


@pytest.fixture
def lines():
    """Return a function that returns the log lines so far, in the format of production."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    logs.configure({"json": True, "level": "INFO"})
    written = io.StringIO()
    (handler,) = [one for one in root.handlers if one.name == "line"]
    handler.setStream(written)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.handlers[:], root.level = before
    logging.captureWarnings(False)
    sys.excepthook = sys.__excepthook__


def answer(request, view=lambda request: HttpResponse("ok")):
    return logs.RequestLogMiddleware(view)(request)


def test_request_line_has_no_query_and_no_token(lines, client):
    response = client.get("/healthz?email=zuzanna@example.org")
    assert response.status_code == 200
    request = RequestFactory().get("/b/secret-token-of-a-mail-0123456789?x=zuzanna@example.org")
    answer(request)

    (line,) = lines()
    assert line["event"] == "request"
    assert (line["method"], line["status"], line["path"]) == ("GET", 200, "/b/…")
    assert line["ms"] >= 0
    assert "zuzanna" not in json.dumps(line)


@pytest.mark.parametrize("given", ["abcdef12-3456", "A" * 64])
def test_valid_request_id_is_kept_and_returned(lines, given):
    response = answer(RequestFactory().get("/", headers={"x-request-id": given}))
    assert response.headers["X-Request-ID"] == given
    assert lines()[0]["request_id"] == given


@pytest.mark.parametrize("given", ["", "short", "a" * 65, "with space and\ttab", "<script>alert"])
def test_invalid_request_id_is_replaced(lines, given):
    response = answer(RequestFactory().get("/", headers={"x-request-id": given}))
    assert response.headers["X-Request-ID"] != given
    assert len(response.headers["X-Request-ID"]) == 32


def test_lines_inside_a_request_carry_its_id_and_no_personal_data(lines):
    def view(request):
        structlog.get_logger("app").info("looked", email="zuzanna@example.org", count=3)
        logging.getLogger("app").warning("to %s", "zuzanna@example.org")
        return HttpResponse("ok")

    response = answer(RequestFactory().get("/"), view)
    ids = {line["request_id"] for line in lines()}
    assert ids == {response.headers["X-Request-ID"]}
    assert "zuzanna" not in json.dumps(lines())
    assert lines()[0]["count"] == 3


def test_traceback_is_logged_without_database_rows(lines):
    person = "Ada"
    try:
        raise ValueError(f"no\nDETAIL:  Failing row contains ({person}).")
    except ValueError:
        structlog.get_logger("app").exception("failed")
    (line,) = lines()
    assert "ValueError" in line["exception"]
    assert "Ada" not in line["exception"]


def test_request_that_raises_is_logged(lines):
    def view(request):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        answer(RequestFactory().get("/"), view)
    assert lines()[0]["status"] == 500


@shared_task
def noted():
    structlog.get_logger("app").info("working")


def test_task_lines_carry_task_and_request_id(lines):
    headers = {}
    with structlog.contextvars.bound_contextvars(request_id="abcdef123456"):
        logs._pass_request_id(headers=headers)
    assert headers == {"request_id": "abcdef123456"}

    noted.push_request(id="t1", called_directly=False, **headers)
    try:
        logs._begin_task(task_id="t1", task=noted)
        noted.run()
        logs._end_task(task_id="t1", task=noted, state="SUCCESS")
    finally:
        noted.pop_request()

    working, ended = lines()
    for line in (working, ended):
        assert (line["task_id"], line["request_id"]) == ("t1", "abcdef123456")
        assert line["task"].endswith("noted")
    assert ended["state"] == "SUCCESS"


@pytest.mark.parametrize(
    ("development", "state", "logged"),
    [(False, "SUCCESS", 1), (True, "SUCCESS", 0), (True, "FAILURE", 1)],
)
def test_successful_tasks_are_not_logged_in_development(
    lines, settings, development, state, logged
):
    settings.DEBUG = development
    noted.push_request(id="t2", called_directly=False)
    try:
        logs._begin_task(task_id="t2", task=noted)
        logs._end_task(task_id="t2", task=noted, state=state)
    finally:
        noted.pop_request()
    assert [line["event"] for line in lines()] == ["task"] * logged


def test_server_logs_no_ip_address_for_requests_that_are_not_http(lines):
    errors = Logger(Config()).error_log
    try:
        errors.warning(
            "Invalid request from ip=192.0.2.7: Invalid HTTP request line: 'GET /?q=Ada'"
        )
        errors.warning("Worker (pid:7) was sent SIGKILL!")
    finally:
        errors.removeFilter(without_client)

    written = [line["event"] for line in lines()]
    assert written == ["a request was not HTTP", "Worker (pid:7) was sent SIGKILL!"]


@pytest.mark.parametrize(
    ("setting", "address", "client"),
    [
        ("truncated", "198.51.100.7", "198.51.100.0/24"),
        ("truncated", "2001:db8:1:2::7", "2001:db8:1::/48"),
        ("truncated", "", ""),
        ("full", "198.51.100.7", "198.51.100.7"),
        ("none", "198.51.100.7", ""),
    ],
)
def test_request_line_has_as_much_of_the_client_as_is_set(
    lines, settings, setting, address, client
):
    settings.LOG_CLIENT = setting
    answer(RequestFactory().get("/", REMOTE_ADDR=address))
    assert lines()[0]["client"] == client


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
@pytest.mark.parametrize("status", [200, 403, 503])
def test_polling_is_not_logged(lines, path, status):
    answer(RequestFactory().get(path), lambda request: HttpResponse(status=status))
    assert len(lines()) == (1 if status == 503 and path != "/readyz" else 0)


def test_warnings_are_json(lines):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn("careful", UserWarning, stacklevel=1)
    (line,) = lines()
    assert "careful" in line["event"]
