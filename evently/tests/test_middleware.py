"""Requests that are refused before any view, and the pages of refusals."""

import json

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from evently import errors
from evently.accounts.factories import OrganizerFactory, UserFactory
from evently.middleware import RefusalMiddleware, RequestGuardMiddleware

factory = RequestFactory()


def guard(request):
    return RequestGuardMiddleware(lambda request: HttpResponse("passed"))(request)


@pytest.mark.parametrize("path", ["/events/%00/", "/events/?q=a%00b"])
def test_null_bytes_are_refused(path):
    response = guard(factory.get(path))
    assert response.status_code == 400
    assert response["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize("path", ["/api/v1/events/%00/", "/api/v1/events/?search=%00"])
def test_null_bytes_are_refused_in_the_api_with_a_problem(path):
    response = guard(factory.get(path))
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert json.loads(response.content)["code"] == "null_byte"


class Body:
    """A request body that records the pieces in which it was read."""

    def __init__(self, size):
        self.left = size
        self.pieces = []

    def read(self, size=-1):
        piece = self.left if size < 0 else min(size, self.left)
        self.left -= piece
        self.pieces.append(piece)
        return b"x" * piece


@pytest.mark.parametrize(
    ("path", "kind", "size", "status"),
    [
        ("/api/v1/bookings/", "application/json", 1024 * 1024, 200),
        ("/api/v1/bookings/", "application/json", 1024 * 1024 + 1, 413),
        ("/account/", "multipart/form-data; boundary=x", 2 * 1024 * 1024, 413),
        ("/admin/events/import/", "multipart/form-data; boundary=x", 2 * 1024 * 1024, 200),
        ("/admin/events/import/", "multipart/form-data; boundary=x", 50 * 1024 * 1024, 413),
        ("/account/", "text/plain", "what", 200),
    ],
)
def test_oversized_bodies_are_refused(path, kind, size, status):
    request = factory.generic("POST", path)
    request.META |= {"CONTENT_LENGTH": str(size), "CONTENT_TYPE": kind}
    body = request._stream = Body(0)
    assert guard(request).status_code == status
    assert sum(body.pieces) == 0


@pytest.mark.parametrize(("size", "left"), [(10_000_000, 0), (1_000_000_000, 1_000_000_000)])
def test_oversized_bodies_are_drained_in_pieces_unless_huge(size, left):
    request = factory.post("/api/v1/bookings/", b"{}", content_type="application/json")
    request.META["CONTENT_LENGTH"] = str(size)
    body = request._stream = Body(size)
    assert guard(request).status_code == 413
    assert body.left == left
    assert max(body.pieces, default=0) <= 64 * 1024


class SoldOut(errors.Conflict):
    code = "sold_out"
    message = "There are not enough seats <left>."


class QueueFull(errors.Busy):
    code = "queue_full"


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (errors.Malformed(), 400),
        (errors.Invalid("Not so."), 422),
        (errors.EditedMeanwhile(version=2), 409),
        (errors.NotAllowed(), 403),
        (errors.NotFound(), 404),
        (SoldOut(), 409),
        (QueueFull(), 429),
        (errors.DomainError(), 400),
    ],
)
@pytest.mark.django_db
def test_refusals_become_pages_by_kind(refusal, status):
    middleware = RefusalMiddleware(lambda request: HttpResponse())
    response = middleware.process_exception(factory.get("/events/"), refusal)
    assert response.status_code == status
    assert "<left>" not in response.content.decode()
    assert ("Retry-After" in response.headers) == isinstance(refusal, errors.Busy)


def test_refusals_in_the_api_are_problems():
    middleware = RefusalMiddleware(lambda request: HttpResponse())
    response = middleware.process_exception(factory.get("/api/v1/x/"), SoldOut())
    assert response["Content-Type"] == "application/problem+json"
    assert json.loads(response.content)["code"] == "sold_out"


def test_other_errors_are_left_to_django():
    middleware = RefusalMiddleware(lambda request: HttpResponse())
    assert middleware.process_exception(factory.get("/"), ValueError()) is None


def test_methods_that_echo_are_refused(client):
    for path in ("/", "/api/v1/events/"):
        assert client.generic("TRACE", path).status_code == 405


@pytest.mark.django_db
def test_over_http_the_api_refuses_what_pages_redirect(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    client.handler.load_middleware()
    page = client.get("/")
    assert (page.status_code, page.headers["Location"]) == (301, "https://testserver/")
    refused = client.get("/api/v1/events/")
    assert (refused.status_code, refused.json()["code"]) == (403, "https_required")
    assert client.get("/api/v1/events/", secure=True).status_code == 200


@pytest.mark.django_db
def test_view_on_site_of_the_admin_is_not_found(client):
    assert client.get("/admin/r/1/2/").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/bookings/", "/nowhere/"])
def test_pages_for_a_logged_in_user_are_kept_out_of_caches(client, path):
    assert "no-store" not in client.get(path).headers.get("Cache-Control", "")
    client.force_login(UserFactory())
    assert "no-store" in client.get(path).headers["Cache-Control"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/admin/", "/admin/events/event/", "/admin/login/"])
def test_admin_runs_no_inline_scripts(client, path):
    client.force_login(OrganizerFactory())
    policy = client.get(path, follow=True).headers["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["script-src"] == "'self' 'unsafe-eval'"
    assert directives["default-src"] == directives["form-action"] == "'self'"
    assert directives["frame-ancestors"] == "'none'"


@pytest.mark.django_db
def test_pages_outside_the_admin_have_the_strict_policy(client):
    assert "unsafe" not in client.get("/").headers["Content-Security-Policy"]
