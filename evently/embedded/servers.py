"""Start and stop the embedded servers together."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from evently.embedded.postgres import PasswordLost, Postgres, wait_until
from evently.embedded.processes import kill_quietly
from evently.embedded.state import choose_ports, ensure_passwords
from evently.embedded.valkey import Valkey

Server = Postgres | Valkey


def needed() -> list[str]:
    """Return the names of the servers that the environment does not configure."""
    variables = {"postgres": "DATABASE_URL", "valkey": "REDIS_URL"}
    return [name for name, variable in variables.items() if not os.environ.get(variable)]


def describe(home: Path, *, throwaway: bool = False) -> list[Server]:
    """Choose ports and passwords, and return the servers that this EVENTLY_HOME needs.

    throwaway: do not sync to disk; for tests.
    """
    names = needed()
    if not names:
        return []
    passwords = ensure_passwords(home)
    described: dict[str, Server] = {}
    if "postgres" in names:
        described["postgres"] = Postgres(home, passwords=passwords, throwaway=throwaway)
    if "valkey" in names:
        described["valkey"] = Valkey(home, password=passwords["valkey"])
    # Before choosing ports, so that those of leftover servers are free again and stay the same.
    for server in described.values():
        server.stop_leftover()
    for name, port in choose_ports(home, names).items():
        described[name].port = port
    return list(described.values())


def start(server: Server, *, check: Callable[[], None] = lambda: None) -> "subprocess.Popen[bytes]":
    """Start one server, wait until it answers, and return its process.

    check: called while waiting; may raise to give up.
    """
    server.stop_leftover()
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
            server.create_roles_and_database()
    except BaseException:
        stop(server, process)
        raise
    return process


def stop(
    server: Server, process: "subprocess.Popen[bytes]", *, stop_timeout_seconds: float = 20
) -> None:
    """Stop a server, and kill it if it has not ended after the timeout."""
    if process.poll() is not None:
        return
    kill_quietly(process.pid, server.stop_signal)
    deadline = time.monotonic() + stop_timeout_seconds
    while process.poll() is None:
        if time.monotonic() > deadline:
            process.kill()
            process.wait()
        time.sleep(0.02)
