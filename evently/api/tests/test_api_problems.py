"""Errors of the API are always problem documents, never pages."""

import json
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework.exceptions import ValidationError
from rest_framework.test import APIClient

from evently.accounts.factories import OrganizerFactory, UserFactory
from evently.api.problems import flat_errors, problem_of
from evently.api.tests.client import api, assert_problem
from evently.cursors import CursorInvalid
from evently.errors import Busy, Conflict, EditedMeanwhile, Invalid, Malformed, NotAllowed, NotFound
from evently.idempotency.keys import Replayed, RequestInProgress


class PriceUp(Conflict):
    code = "price_up"
    message = "The price went up."


@pytest.mark.parametrize(
    ("exception", "status", "code"),
    [
        (Malformed(), 400, "malformed"),
        (CursorInvalid(), 400, "cursor_invalid"),
        (Invalid(), 422, "invalid"),
        (EditedMeanwhile(version=2), 412, "edited_meanwhile"),
        (NotAllowed(), 403, "not_allowed"),
        (NotFound(), 404, "not_found"),
        (Conflict(), 409, "conflict"),
        (Busy(), 429, "busy"),
        (PriceUp(), 409, "price_up"),
        (RequestInProgress(), 409, "request_in_progress"),
        (Http404(), 404, "not_found"),
        (PermissionDenied(), 403, "not_allowed"),
        (SuspiciousOperation(), 400, "malformed"),
        (OperationalError(), 503, "unavailable"),
        (InterfaceError(), 503, "unavailable"),
        (ZeroDivisionError("secret"), 500, "internal_error"),
        (ValidationError("Wrong."), 422, "invalid"),
    ],
)
def test_exceptions_become_problems(exception, status, code):
    response = problem_of(exception)

    problem = json.loads(response.content)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert (response.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["title"]
    assert "secret" not in response.content.decode()


def test_temporary_errors_have_retry_after():
    assert problem_of(Busy(retry_after_seconds=7)).headers["Retry-After"] == "7"
    assert problem_of(RequestInProgress()).headers["Retry-After"] == "1"
    assert problem_of(OperationalError()).headers["Retry-After"] == "5"


def test_details_of_a_refusal_are_members_of_the_problem():
    problem = json.loads(problem_of(PriceUp(current_price=Decimal("25.00"))).content)

    assert problem["current_price"] == "25.00"
    assert problem["code"] == "price_up"


def test_fields_of_a_refusal_are_errors():
    problem = json.loads(problem_of(Invalid(fields={"name": "Too long."})).content)

    assert problem["errors"] == {"name": ["Too long."]}


def test_nested_errors_are_flattened():
    detail = {
        "a": ["x", "y"],
        "b": {"c": ["z"], "non_field_errors": ["w"]},
        "d": [{}, {"e": ["v"]}],
        "non_field_errors": ["u"],
    }

    assert flat_errors(detail) == {
        "a": ["x", "y"],
        "b.c": ["z"],
        "b": ["w"],
        "d.1.e": ["v"],
        "": ["u"],
    }


def test_replays_return_the_first_answer():
    first = Replayed(status=201, answer={"a": "ä"}, headers={"Location": "/a/"})
    response = problem_of(first)

    assert (response.status_code, json.loads(response.content)) == (201, {"a": "ä"})
    assert response.headers["Idempotent-Replayed"] == "true"
    assert response.headers["Location"] == "/a/"


def test_replays_without_content_have_no_content_type():
    response = problem_of(Replayed(status=204, answer=None, headers={}))

    assert (response.status_code, response.content) == (204, b"")
    assert "Content-Type" not in response.headers


@pytest.mark.parametrize(
    "path",
    ["/api/", "/api/v1/", "/api/v2/events/", "/api/v1/nonsense/", "/api/v1/events", "/api/v1/🎹"],
)
@pytest.mark.parametrize("method", ["get", "post", "delete"])
@pytest.mark.parametrize("debug", [True, False])
def test_unknown_urls_are_problems(settings, path, method, debug):
    settings.DEBUG = debug

    client = APIClient(enforce_csrf_checks=True)
    response = getattr(client, method)(path)

    assert_problem(response, 404, "not_found")


def test_unknown_hosts_are_problems(settings):
    settings.DEBUG, settings.ALLOWED_HOSTS = False, ["tickets.example.org"]

    assert_problem(api().get("/api/v1/events/", HTTP_HOST="evil.example"), 400, "malformed")
    assert b"problem" not in api().get("/", HTTP_HOST="evil.example").content


def test_failures_outside_views_are_problems(settings, monkeypatch):
    settings.DEBUG = False
    client = api()
    client.raise_request_exception = False

    def fail(*args):
        raise RuntimeError("secret")

    monkeypatch.setattr("evently.middleware.RequestGuardMiddleware.limit_of", fail)

    assert_problem(client.get("/api/v1/events/"), 500, "internal_error")
    page = client.get("/healthz")
    assert (page.status_code, page.headers["Content-Type"][:9]) == (500, "text/html")


@pytest.mark.django_db
def test_missing_slash_is_mentioned():
    problem = assert_problem(api().post("/api/v1/bookings", {}), 404, "not_found")

    assert "/api/v1/bookings/" in problem["detail"]


@pytest.mark.django_db
@pytest.mark.parametrize("debug", [True, False])
def test_unexpected_errors_show_no_details(settings, monkeypatch, debug):
    settings.DEBUG = debug
    client = api(UserFactory())
    client.defaults["REMOTE_ADDR"] = "127.0.0.1"  # development mode answers this machine only
    client.raise_request_exception = False

    def fail(**kwargs):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("bookings.queries.booking_history", fail)
    response = client.get("/api/v1/bookings/")

    assert_problem(response, 500, "internal_error")
    assert "secret" not in response.content.decode()
    assert "RateLimit" in response.headers


@pytest.mark.django_db
def test_database_that_is_down_is_a_503(monkeypatch):
    client = api()

    def fail(*args, **kwargs):
        raise OperationalError("connection to server failed: secret host")

    monkeypatch.setattr("evently.api.authentication.authenticate_token", fail)
    response = client.get("/api/v1/me/", HTTP_AUTHORIZATION="Bearer evt_x")

    problem = assert_problem(response, 503, "unavailable")
    assert response.headers["Retry-After"] == "5"
    assert "secret" not in str(problem)


@pytest.mark.django_db
def test_unsupported_formats_and_methods_are_problems():
    client = api(OrganizerFactory())

    assert_problem(
        client.get("/api/v1/events/", headers={"Accept": "text/html"}), 406, "not_acceptable"
    )
    assert_problem(client.get("/api/v1/events/", {"format": "xml"}), 400, "unknown_parameter")
    assert_problem(client.put("/api/v1/events/", {}), 405, "method_not_allowed")
    assert_problem(client.get("/api/v1/events/", {"search": "a\x00"}), 400, "null_byte")


@pytest.mark.django_db
def test_responses_are_kept_out_of_caches():
    assert api().get("/api/v1/events/").headers["Cache-Control"] == "no-cache"
    response = api(UserFactory()).get("/api/v1/events/")
    assert response.headers["Cache-Control"] == "no-store"
    assert "Authorization" in response.headers["Vary"]
    assert "Set-Cookie" not in response.headers
