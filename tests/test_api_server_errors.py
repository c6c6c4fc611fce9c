"""Errors before any view below /api/ are problem documents."""

import gzip
import socket

import pytest

from evently.api.tests.client import api, assert_problem
from evently.supervisor.web_worker import ProblemSocket

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("debug", [True, False])
def test_unknown_hosts_are_refused_with_a_problem(settings, debug):
    settings.DEBUG = debug
    settings.ALLOWED_HOSTS = ["tickets.example.org"]
    client = api()
    client.defaults["REMOTE_ADDR"] = "127.0.0.1"

    response = client.get("/api/v1/events/", HTTP_HOST="evil.example.net")

    code, status = ("development_mode", 403) if debug else ("malformed", 400)
    assert_problem(response, status, code)


def test_long_urls_are_refused_with_a_problem(client):
    assert_problem(api().get("/api/v1/events/", {"search": "x" * 4001}), 414, "url_too_long")
    page = client.get("/", {"q": "x" * 4001})
    assert (page.status_code, page.headers["Content-Type"]) == (414, "text/plain; charset=utf-8")


@pytest.mark.parametrize("path", ["/api/", "/api/v1/", "/api/v2/events/", "/api/v1/nothing/"])
def test_unknown_paths_are_refused_with_a_problem(path):
    for method in ("get", "post", "put"):
        assert_problem(getattr(api(), method)(path), 404, "not_found")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (414, "url_too_long"),
        (431, "headers_too_large"),
        (400, "malformed"),
        (500, "internal_error"),
    ],
)
def test_refusals_of_the_web_server_are_problems(status, code):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        html = f"HTTP/1.1 {status} Reason\r\nContent-Type: text/html\r\n\r\n<html>"
        ProblemSocket(ours).sendall(html.encode())
        ours.shutdown(socket.SHUT_WR)
        answer = theirs.makefile("rb").read().decode()

    head, body = answer.split("\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ")
    assert "Content-Type: application/problem+json" in head
    assert f"Content-Length: {len(body)}" in head
    assert f'"code":"{code}"' in body


def test_responses_have_no_cors_headers():
    response = api().get("/api/v1/events/", HTTP_ORIGIN="https://shop.example.net")

    assert not [name for name in response.headers if name.startswith("Access-Control")]


def test_schema_is_compressed():
    response = api().get("/api/v1/schema/", {"format": "json"}, HTTP_ACCEPT_ENCODING="gzip")

    assert response.headers["Content-Encoding"] == "gzip"
    assert len(response.content) < 80_000
    assert len(gzip.decompress(response.content)) > 5 * len(response.content)
