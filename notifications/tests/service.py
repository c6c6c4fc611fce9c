"""An email service over HTTP for tests: it takes emails as SendGrid does, or fails to."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

# As SendGrid says that a recipient is at fault.
BAD_RECIPIENT = {
    "errors": [{"message": "Does not contain a valid address.", "field": "personalizations.0.to"}]
}
DROPPED = 0


@dataclass
class Service:
    """The emails it got, and how it answers.

    status: of its answers; DROPPED closes the connection without one. headers, body: of an error.
    asked: how often whether it is there, head_status: what it answers to that.
    at_email: called for each email, before it answers.
    """

    emails: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    status: int = 202
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    url: str = ""
    asked: int = 0
    head_status: int = 404
    at_email: Callable[[], None] | None = None

    @property
    def ids(self) -> list[str]:
        """Return the Message-ID of each email it got."""
        return [email["headers"]["Message-ID"] for email in self.emails]


@contextmanager
def email_service() -> Iterator[Service]:
    """Run a service during the block."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            service.emails.append(json.loads(content))
            if service.at_email is not None:
                service.at_email()
            service.keys.append(f"{self.path} {self.headers['Authorization']}")
            self.close_connection = True
            if service.status == DROPPED:
                return
            answer = b"" if service.body is None else json.dumps(service.body).encode()
            self.send_response(service.status)
            for name, value in {**service.headers, "Content-Length": str(len(answer))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def do_HEAD(self) -> None:
            service.asked += 1
            self.send_response(service.head_status)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_port}/v3/"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
