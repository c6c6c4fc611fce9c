"""Send requests from concurrent clients over kept connections: one thread, little CPU."""

import gzip
import json
import selectors
import socket
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

CLIENTS = 16
PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Response:
    """A response. raw: the body as it was sent, perhaps compressed."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @cached_property
    def body(self) -> bytes:
        return gzip.decompress(self.raw) if self.headers.get("content-encoding") else self.raw

    def json(self) -> Any:
        return json.loads(self.body)


# One or several requests of a client, each of which may depend on the responses before it.
Script = Generator[bytes, Response, None]
Operation = Callable[[], Script]


class UnexpectedResponse(Exception):
    """A response had another status than the measurement expects."""


def request(
    method: str,
    path: str,
    *,
    host: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> bytes:
    """Return the bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if method != "GET":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def expect(sent: bytes, status: int) -> Generator[bytes, Response, Response]:
    """Send one request and return its response. Raises UnexpectedResponse."""
    response = yield sent
    if response.status != status:
        line = sent.partition(b"\r\n")[0].decode()
        raise UnexpectedResponse(f"{line}: {response.status} {response.body[:500]!r}")
    return response


def one(sent: bytes, status: int) -> Operation:
    """Return the operation of one request."""

    def script() -> Script:
        yield from expect(sent, status)

    return script


@dataclass
class Outcome:
    """How long the operations took.

    seconds: from the first request to the last response. worker_cpu: CPU seconds of a process of
    its own that is part of what is measured.
    """

    seconds: float = 0
    latencies: list[float] = field(default_factory=list)
    worker_cpu: float = 0


def send_all(port: int, operations: Iterable[Operation], *, clients: int = CLIENTS) -> Outcome:
    """Carry out all operations, each by the next free client.

    Raises UnexpectedResponse, TimeoutError, ConnectionError.
    """
    waiting, outcome = iter(operations), Outcome()
    started = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        crew = [_Client(port, selector, waiting, outcome) for _ in range(clients)]
        try:
            while busy := sum(client.is_busy for client in crew):
                ready = selector.select(PATIENCE_SECONDS)
                if not ready:
                    raise TimeoutError(f"{busy} requests had no response")
                for key, _ in ready:
                    key.data.read()
        finally:
            outcome.seconds = time.perf_counter() - started
            for client in crew:
                client.close()
    return outcome


class _Client:
    """One client with its connection, which it opens again where the server closes it."""

    def __init__(
        self,
        port: int,
        selector: selectors.BaseSelector,
        waiting: Iterator[Operation],
        outcome: Outcome,
    ) -> None:
        self._port, self._selector = port, selector
        self._waiting, self._outcome = waiting, outcome
        self._socket: socket.socket | None = None
        self._received = bytearray()
        self._script: Script | None = None
        self._started = 0.0
        self._begin()

    @property
    def is_busy(self) -> bool:
        return self._script is not None

    def _begin(self) -> None:
        operation = next(self._waiting, None)
        self._script = operation() if operation else None
        self._started = time.perf_counter()
        if self._script is not None:
            self._send(next(self._script))

    def _send(self, sent: bytes) -> None:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), PATIENCE_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(self._socket, selectors.EVENT_READ, self)
        self._socket.sendall(sent)

    def read(self) -> None:
        """Take what has arrived; go on with the operation once the response is whole."""
        if self._socket is None or self._script is None:
            raise ConnectionError("a client received data that it did not ask for")
        arrived = self._socket.recv(1 << 18)
        if not arrived:
            raise ConnectionError("the server closed a connection before it responded")
        self._received += arrived
        response = parse(self._received)
        if response is None:
            return
        self._received.clear()
        if response.headers.get("connection", "").lower() == "close":
            self.close()
        try:
            self._send(self._script.send(response))
        except StopIteration:
            self._outcome.latencies.append(time.perf_counter() - self._started)
            self._begin()

    def close(self) -> None:
        if self._socket is not None:
            self._selector.unregister(self._socket)
            self._socket.close()
            self._socket = None


def parse(received: bytearray) -> Response | None:
    """Return the response that was received; None while it is not whole."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    first, *lines = received[:end].decode("latin-1").split("\r\n")
    # Of several cookies, each counts.
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        name = name.lower()
        headers[name] = f"{headers[name]}\n{value.strip()}" if name in headers else value.strip()
    status, rest = int(first.split(" ", 2)[1]), bytes(received[end + 4 :])
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return Response(status, headers, _joined(rest)) if rest.endswith(b"0\r\n\r\n") else None
    length = int(headers.get("content-length", 0))
    return Response(status, headers, rest) if len(rest) >= length else None


def _joined(chunks: bytes) -> bytes:
    body = b""
    while chunks:
        size, _, chunks = chunks.partition(b"\r\n")
        length = int(size, 16)
        body, chunks = body + chunks[:length], chunks[length + 2 :]
    return body
