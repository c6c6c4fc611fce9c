"""An email service over HTTP, as SendGrid is one, that misbehaves on command.

It runs in threads of the process that commands it, and knows the modes of `mail_server`.
"""

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bench.chaos.mail_server import DEFERS, DROPS, FINE, HANGS, REFUSES

# Longer than any client waits for an answer.
MOST_HANGING_SECONDS = 120.0
STATUSES = {FINE: 202, REFUSES: 503, DEFERS: 429}


class FaultyService:
    """copies: how often each email was taken, by its Message-ID, also where no answer came."""

    def __init__(self) -> None:
        self.copies: Counter[str] = Counter()
        self.mode = FINE
        self._lock = threading.Lock()
        self._answers = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def url(self) -> str:
        """Return what takes the place of https://api.sendgrid.com/v3/."""
        return f"http://127.0.0.1:{self._server.server_port}/v3/"

    def behave(self, mode: str) -> None:
        """Misbehave from now on, or be `FINE` again."""
        self.mode = mode
        (self._answers.clear if mode == HANGS else self._answers.set)()

    def take(self, email: dict[str, Any]) -> int:
        """Take an email or not; return the status of the answer, 0 for none."""
        mode = self.mode
        if mode in (REFUSES, DEFERS):
            return STATUSES[mode]
        with self._lock:
            self.copies[email["headers"]["Message-ID"].lower()] += 1
        if mode == HANGS:
            self._answers.wait(MOST_HANGING_SECONDS)
        return 0 if mode == DROPS else STATUSES[FINE]

    def close(self) -> None:
        self._answers.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler_of(service: FaultyService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            status = service.take(json.loads(content))
            self.close_connection = status != STATUSES[FINE]
            if not status:
                return
            try:
                self.send_response(status)
                if status == STATUSES[DEFERS]:
                    self.send_header("Retry-After", "1")
                self.send_header("Content-Length", "0")
                self.end_headers()
            except ConnectionError:
                # The client has given up waiting, or was killed.
                self.close_connection = True

        def log_message(self, *args: Any) -> None:
            pass

    return Handler
