"""Ask the web server whether it is ready."""

import http.client
import socket
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 3


class UnixConnection(http.client.HTTPConnection):
    """HTTP through a Unix socket. path: of the socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=TIMEOUT_SECONDS)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def connection_to(address: str) -> http.client.HTTPConnection:
    """Return a connection to what the web server listens on, as `options.bind_address` says it."""
    if address.startswith("unix:"):
        return UnixConnection(address.removeprefix("unix:"))
    host, port = address.rsplit(":", 1)
    host = {"0.0.0.0": "127.0.0.1", "[::]": "::1"}.get(host, host.strip("[]"))  # noqa: S104 - not binding
    return http.client.HTTPConnection(host, int(port), timeout=TIMEOUT_SECONDS)


def answers_ready(address: str, public_url: str) -> bool:
    """Return whether /readyz answers 200.

    address: what the web server listens on; public_url: its host name is sent as Host.
    """
    connection = connection_to(address)
    try:
        connection.request("GET", "/readyz", headers={"Host": urlsplit(public_url).netloc})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
