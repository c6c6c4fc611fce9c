"""Start Evently for a measurement, and send it requests from many concurrent clients."""

import base64
import http.client
import json
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import django

from evently.embedded.processes import choose_port
from evently.tests.running import NOT_INHERITED, Running, home_for_tests


@dataclass(frozen=True)
class Call:
    """One request. token: an API token, or empty."""

    method: str
    path: str
    body: dict[str, Any]
    token: str = ""


@dataclass(frozen=True)
class Response:
    status: int
    body: dict[str, Any]
    seconds: float


@contextmanager
def evently_running() -> Iterator[int]:
    """Run all of Evently on a database of its own, with production settings; yield its port.

    This sets up Django in this process too, with the same database and keys.
    """
    with home_for_tests() as home:
        port = choose_port(None, taken=set())
        more = {
            "DJANGO_SETTINGS_MODULE": "bench.settings",
            "DEBUG": "false",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "EVENTLY_DIGEST_KEY": secrets.token_urlsafe(48),
            "EVENTLY_PII_KEYS": f"bench:{base64.b64encode(secrets.token_bytes(32)).decode()}",
            "EMAIL_URL": "dummymail://",
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "API_RATE_PER_MINUTE": "1000000",
            "GUESTS_PER_HOUR": "1000000",
            "LOG_LEVEL": "WARNING",
        }
        running = Running(home, more=more, port=port).start()
        try:
            running.await_ready()
            # The environment may name another database; use that of the servers.
            for name in NOT_INHERITED:
                os.environ.pop(name, None)
            os.environ.update(more | {"EVENTLY_HOME": str(home), "PORT": str(port)})
            django.setup()
            yield port
        finally:
            running.end(signal.SIGTERM)


def send_all(port: int, calls: Sequence[Call], *, clients: int) -> list[Response]:
    """Send all calls from concurrent clients, one connection each; responses are in no order."""
    waiting = iter(calls)
    lock, responses = threading.Lock(), []

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while True:
            with lock:
                call = next(waiting, None)
            if call is None:
                connection.close()
                return
            responses.append(_send(connection, call))

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return responses


def _send(connection: http.client.HTTPConnection, call: Call) -> Response:
    headers = {"Content-Type": "application/json"}
    if call.token:
        headers["Authorization"] = f"Bearer {call.token}"
    started = time.perf_counter()
    connection.request(call.method, call.path, json.dumps(call.body), headers)
    reply = connection.getresponse()
    text = reply.read()
    seconds = time.perf_counter() - started
    return Response(reply.status, json.loads(text) if text else {}, seconds)


def timed(work: Callable[[], list[Response]]) -> tuple[float, list[Response]]:
    """Run work; return responses per second, and the responses."""
    started = time.perf_counter()
    responses = work()
    return len(responses) / (time.perf_counter() - started), responses
