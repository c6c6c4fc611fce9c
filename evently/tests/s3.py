"""A server that speaks S3's language, as a process of its own, and one that misbehaves."""

import json
import os
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import requests
from botocore.session import get_session

PATIENCE_SECONDS = 60
REGION = "eu-central-1"
# What the server is prepared with, before it begins to check credentials.
PREPARER = {"aws_access_key_id": "prepare", "aws_secret_access_key": "prepare"}

MAY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}


@dataclass
class S3:
    """A running server. client: of a key that may do everything."""

    url: str
    access_key: str = ""
    secret_key: str = ""

    def client(self, service: str = "s3", **keys: str) -> Any:
        keys = keys or {
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": self.secret_key,
        }
        return get_session().create_client(
            service, endpoint_url=self.url, region_name=REGION, **keys
        )

    def cold_url(self, bucket: str, *, url: str = "", **changes: str) -> str:
        """Return a COLD_STORAGE_URL. url: of a server in front of this one."""
        options = {
            "endpoint_url": url or self.url,
            "region_name": REGION,
            "access_key": self.access_key,
            "secret_key": self.secret_key,
            **changes,
        }
        query = "&".join(f"{name}={quote(value)}" for name, value in options.items() if value)
        return f"s3://{bucket}/some/folder?{query}"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def running_s3() -> Iterator[S3]:
    """Run the server until the block ends. It checks credentials, as a real one."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(
        command, env=os.environ | {"PYTHONWARNINGS": "ignore"}, **quiet
    ) as server:
        try:
            s3 = S3(f"http://127.0.0.1:{port}")
            _await(s3.url)
            iam = s3.client("iam", **PREPARER)
            iam.create_user(UserName="evently")
            iam.put_user_policy(UserName="evently", PolicyName="s3", PolicyDocument=json.dumps(MAY))
            key = iam.create_access_key(UserName="evently")["AccessKey"]
            s3.access_key, s3.secret_key = key["AccessKeyId"], key["SecretAccessKey"]
            requests.post(f"{s3.url}/moto-api/reset-auth", data=b"0", timeout=30)
            yield s3
        finally:
            server.terminate()


def _await(url: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            requests.get(f"{url}/moto-api/", timeout=5)
            return
        except requests.RequestException:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


@dataclass
class Misbehaving:
    """A server in front of another one. `asked` is set with the first request."""

    url: str
    asked: threading.Event = field(default_factory=threading.Event)
    requests: list[bytes] = field(default_factory=list)


# Gets a connection and the server; what it raises ends the connection.
Behaviour = Callable[[socket.socket, Misbehaving], None]


@contextmanager
def misbehaving(behave: Behaviour) -> Iterator[Misbehaving]:
    """Run a server that does with each connection what `behave` says."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                behave(self.request, server.state)
            except OSError:
                pass

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True
        state: Misbehaving

    with Server(("127.0.0.1", 0), Handler) as server:
        server.state = Misbehaving(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.state
        finally:
            server.shutdown()
            thread.join()


def forwarding(upstream: str, *, cut: bytes = b"", lose: bytes = b"") -> Behaviour:
    """Return what passes requests on to another server.

    cut: requests that begin so are read half, and never answered. lose: the answer to the first of
    them is lost on the way.
    """
    host, _, port = upstream.removeprefix("http://").partition(":")

    def behave(connection: socket.socket, state: Misbehaving) -> None:
        head, body = _read_head(connection)
        state.requests.append(head.split(b"\r\n", 1)[0])
        if cut and head.startswith(cut):
            connection.recv(100)
            return
        if b"expect: 100-continue" in head.lower():
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"expect:")]
        length = next(
            (int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-len")),
            0,
        )
        while len(body) < length:
            body += connection.recv(65536)
        is_lost = bool(lose) and head.startswith(lose) and not state.asked.is_set()
        with socket.create_connection((host, int(port)), timeout=30) as other:
            other.sendall(b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + body)
            answer = b"".join(iter(lambda: other.recv(65536), b""))
        if is_lost:
            state.asked.set()
            return
        connection.sendall(answer)

    return behave


def _read_head(connection: socket.socket) -> tuple[bytes, bytes]:
    """Return the head of a request, and what was read of its body."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(65536)
        if not more:
            raise ConnectionError
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    return head, body
