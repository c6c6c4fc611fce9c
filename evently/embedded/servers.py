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
    """Settle ports and passwords and return the servers that this EVENTLY_HOME needs."""
    names = needed()
    if not names:
        return []
    passwords = settle_passwords(home)
    ports = settle_ports(home, names)
    servers: list[type_of_server] = []
    if "postgres" in ports:
        servers.append(
            Postgres(home, port=ports["postgres"], passwords=passwords, throwaway=throwaway)
        )
    if "valkey" in ports:
        servers.append(Valkey(home, port=ports["valkey"], password=passwords["valkey"]))
    return servers


def start(
    server: type_of_server, *, check: Callable[[], None] = lambda: None
) -> "subprocess.Popen[bytes]":
    """Start one server, wait until it answers, and return its process.

    check: called while waiting; may raise to give up.
    """
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
