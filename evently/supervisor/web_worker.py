"""Gunicorn's worker, which may outlive its main process, and refuses with problem documents.

Such a request is not read to its end, so it is unknown whether it is one to the API.
"""

from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from evently.exact_json import as_json
from evently.http_errors import PROBLEM_CONTENT_TYPE, problem_document
from evently.supervisor import lifeline

REFUSALS = {
    414: ("url_too_long", "The URL is too long."),
    417: ("expectation_failed", "The server supports no expectation but 100-continue."),
    431: ("headers_too_large", "The headers of the request are too large, or too many."),
    500: ("internal_error", "Something went wrong on our side. Please try again later."),
    501: ("malformed", "The transfer coding of the request is not supported."),
}
MALFORMED = ("malformed", "The request is not valid HTTP.")


class WebWorker(ThreadWorker):
    def is_parent_alive(self) -> bool:
        """Return whether to go on: under a supervisor, also without a main process."""
        return lifeline.is_given() or bool(super().is_parent_alive())

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        super().handle_error(req, ProblemSocket(client), addr, exc)


class ProblemSocket:
    """A connection on which gunicorn writes one response, whose body is replaced."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def sendall(self, response: bytes) -> None:
        """Send a problem document with the status of gunicorn's response."""
        self.client.sendall(problem_for(int(response.split(b" ", 2)[1])))


def problem_for(status: int) -> bytes:
    """Return a whole HTTP response, after which the connection is closed."""
    code, detail = REFUSALS.get(status, MALFORMED)
    problem = problem_document(status=status, code=code, detail=detail)
    body = as_json(problem).encode()
    head = (
        f"HTTP/1.1 {status} {problem['title']}\r\n"
        "Connection: close\r\n"
        f"Content-Type: {PROBLEM_CONTENT_TYPE}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("latin-1") + body
