"""Start processes that end with their parent, stop leftover servers, choose ports."""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from evently.embedded import parent_death

# Below Linux's range for outgoing connections, so that a restarted server finds its port free.
PORTS = range(20000, 32000)
PROCESSES = Path("/proc")


@dataclass(frozen=True)
class ServerUser:
    """The operating system user that runs the servers when Evently is started by root."""

    name: str
    uid: int
    gid: int

    def switch(self) -> dict[str, Any]:
        """Return the arguments of subprocess that start a process as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def spawn(
    command: Sequence[str | Path],
    *,
    death_signal: signal.Signals,
    user: ServerUser | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    output: IO[bytes] | int | None = None,
    pass_fds: Sequence[int] = (),
) -> "subprocess.Popen[bytes]":
    """Start a process that dies with this one, in a session that Ctrl-C does not reach.

    death_signal: sent to it by the kernel when this process dies. Call from the main thread: the
    kernel watches the parent's thread, not its process.
    """
    return subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        env=dict(env) if env is not None else None,
        cwd=cwd,
        start_new_session=True,
        pass_fds=pass_fds,
        # Safe: the supervisor has one thread, and the function only makes two system calls.
        preexec_fn=partial(parent_death.request_signal, death_signal, os.getpid()),
        **(user.switch() if user else {}),
    )


def has_proc() -> bool:
    """Return whether running processes can be listed (Linux)."""
    return PROCESSES.is_dir()


def running(program: str, *, folder: Path) -> list[int]:
    """Return the ids of a program's processes with this working directory; [] without /proc.

    program: the name of its executable, since a shell may run in that folder, too. A database
    server runs in its data folder. This is more reliable than a pid file, which a killed server
    leaves behind, and whose pid may belong to another process by now.
    """
    found = []
    for entry in PROCESSES.glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink() == folder and _program_of(entry) == program:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def _program_of(entry: Path) -> str:
    """Return the name of a process's executable, without the mark of a deleted file."""
    # Only the name: after an update, a leftover server runs a file of the old package.
    return (entry / "exe").readlink().name.removesuffix(" (deleted)")


def stop_leftover(
    program: str, *, folder: Path, stop_signal: signal.Signals, stop_timeout_seconds: float = 15
) -> None:
    """Stop a server that a killed supervisor left running in a folder: wait, stop it, kill it.

    program: the name of its executable; other processes in that folder are left alone.
    """
    steps: list[tuple[signal.Signals | None, float]] = [
        (None, 3),
        (stop_signal, stop_timeout_seconds),
        (signal.SIGKILL, 5),
    ]
    for wanted, seconds in steps:
        if wanted is not None:
            for pid in running(program, folder=folder):
                kill_quietly(pid, wanted)
        deadline = time.monotonic() + seconds
        while running(program, folder=folder):
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        else:
            return


def kill_quietly(pid: int, wanted: signal.Signals) -> None:
    """Send a signal to a process that may have ended already."""
    try:
        os.kill(pid, wanted)
    except (ProcessLookupError, PermissionError):
        pass


def is_free(port: int, *, address: str = "127.0.0.1") -> bool:
    """Return whether a server could listen on the port. address: as in BIND, such as [::]."""
    address = address.strip("[]")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def choose_port(previous: int | None, *, taken: set[int]) -> int:
    """Return the previous port if it is still free, or another free one not in `taken`."""
    if previous and previous not in taken and is_free(previous):
        return previous
    for port in random.sample(PORTS, k=len(PORTS)):
        if port not in taken and is_free(port):
            return port
    raise OSError(f"No free port between {PORTS.start} and {PORTS.stop}.")
