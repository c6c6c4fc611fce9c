"""The web server's address, and the socket that outlives each of its processes."""

import errno
import os
import socket
import time
from pathlib import Path

from evently.embedded.state import CannotStart
from evently.supervisor import options

# The web server of a killed supervisor may take a moment to end.
PATIENCE_SECONDS = 1.5
BACKLOG = 2048
UNIX = "unix:"


def check_address() -> None:
    """Raise CannotStart if nothing could listen on the address."""
    close(listen())


def listen() -> socket.socket:
    """Return the listening socket, which web processes inherit. Raises CannotStart.

    While it is open, a web process may be replaced by another without refusing a connection.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return _listen()
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise CannotStart(_explain(error)) from error
        time.sleep(0.1)


def close(listener: socket.socket) -> None:
    """Close the socket, so that no connection waits for a web server that has stopped."""
    path = listener.getsockname() if listener.family == socket.AF_UNIX else None
    listener.close()
    if path:
        Path(path).unlink(missing_ok=True)


def _listen() -> socket.socket:
    address = options.bind_address()
    if address.startswith(UNIX):
        return _listen_on_path(address.removeprefix(UNIX))
    host, port = address.rsplit(":", 1)
    host = host.strip("[]")
    (family, kind, protocol, _, found), *_ = socket.getaddrinfo(
        host, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6 and host == "::":
            # All addresses, those of IPv4 among them.
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(found)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _listen_on_path(path: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if Path(path).is_socket() and listener.connect_ex(path) == errno.ECONNREFUSED:
            # Of a supervisor that was killed.
            Path(path).unlink()
        elif Path(path).is_socket():
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        listener.bind(path)
        # The proxy is another user. The folder decides who may come here.
        Path(path).chmod(0o666)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _explain(error: OSError) -> str:
    address, port = options.bind_address(), options.port()
    if address.startswith(UNIX):
        return f"BIND={address} cannot be used ({error.strerror}). Choose another path."
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} is already in use. Stop the program that uses it, or choose another "
            f"port: PORT={port + 1} script/server"
        )
    if error.errno == errno.EACCES:
        return f"Only root may use port {port}. Choose a port above 1023, and put a proxy in front."
    return (
        f"BIND: nothing can listen on {address} here ({error.strerror}). Set BIND to an address of "
        "this machine, such as 127.0.0.1 or ::1, or to 0.0.0.0 or :: for all of them."
    )
