"""A server that answers like drand's, for tests: each test says what it knows."""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from waitlists.beacons import QUICKNET


def round_of(number: int, *, signature: str = "ab" * 48) -> dict[str, Any]:
    """Return a round as drand serves it."""
    randomness = hashlib.sha256(bytes.fromhex(signature)).hexdigest()
    return {"round": number, "randomness": randomness, "signature": signature}


class DrandServer:
    """answer: what it answers, as JSON; None: 404. drips: it sends a byte now and then.

    redirects_to: the URL of another server.
    """

    def __init__(self) -> None:
        self.answer: Any = None
        self.drips = False
        self.redirects_to = ""
        self.asked: list[str] = []
        self.url = ""


@contextmanager
def drand_server() -> Iterator[DrandServer]:
    state = DrandServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path.removeprefix(f"/{QUICKNET}/public/"))
            if state.redirects_to:
                self.send_response(302)
                self.send_header("Location", state.redirects_to + self.path)
                self.end_headers()
                return
            self.send_response(404 if state.answer is None else 200)
            self.end_headers()
            body = json.dumps(state.answer).encode()
            if not state.drips:
                self.wfile.write(body)
                return
            with suppress(ConnectionError):  # the client has had enough
                for byte in body:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(0.05)

        def log_message(self, *_: Any) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
