"""Start and stop the embedded servers together."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from evently.embedded.postgres import PasswordLost, Postgres, wait_until
from evently.embedded.processes import kill_quietly
from evently.embedded.state import settle_passwords, settle_ports
from evently.embedded.valkey import Valkey

type_of_server = Postgres | Valkey


def needed() -> list[str]:
    """Return which servers nobody gave an address for."""
    given = {"postgres": "DATABASE_URL", "valkey": "REDIS_URL"}
    return [name for name, variable in given.items() if not os.environ.get(variable)]


def describe(home: Path, *, throwaway: bool = False) -> list[type_of_server]:
    """Settle ports and passwords and return the servers that this EVENTLY_HOME needs.

    throwaway: for tests; faster, and a power cut loses the data.
    """
    names = needed()
    if not names:
        return []
    passwords = settle_passwords(home)
    described: dict[str, type_of_server] = {}
    if "postgres" in names:
        described["postgres"] = Postgres(home, passwords=passwords, throwaway=throwaway)
    if "valkey" in names:
        described["valkey"] = Valkey(home, password=passwords["valkey"])
    # First, so that their ports are free again and stay the same.
    for server in described.values():
        server.clear_away()
    for name, port in settle_ports(home, names).items():
        described[name].port = port
    return list(described.values())


def start(
    server: type_of_server, *, check: Callable[[], None] = lambda: None
) -> "subprocess.Popen[bytes]":
    """Start one server, wait until it answers, and return its process.

    check: called while waiting; may raise to give up.
    """
    server.clear_away()
    server.prepare()
    process = server.start()
    try:
        try:
            wait_until(server.answers, process, log=server.log, check=check)
        except PasswordLost:
            if not isinstance(server, Postgres):
                raise
            stop(server, process)
            server.reset_password()
            process = server.start()
            wait_until(server.answers, process, log=server.log, check=check)
        if isinstance(server, Postgres):
            server.settle()
    except BaseException:
        stop(server, process)
        raise
    return process


def stop(
    server: type_of_server, process: "subprocess.Popen[bytes]", *, patience_seconds: float = 20
) -> None:
    """Stop a server in good order, or in bad order after a while."""
    if process.poll() is not None:
        return
    kill_quietly(process.pid, server.polite_signal)
    deadline = time.monotonic() + patience_seconds
    while process.poll() is None:
        if time.monotonic() > deadline:
            process.kill()
            process.wait()
        time.sleep(0.02)
