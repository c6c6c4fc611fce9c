"""Start processes on a leash, find what a killed predecessor left, choose ports."""

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

from evently.embedded import leash

# Below the ports that Linux hands to outgoing connections, so that a restarted server finds
# its port free.
PORTS = range(20000, 32000)
PROCESSES = Path("/proc")


@dataclass(frozen=True)
class ServerUser:
    """The operating system's user that the servers run as, instead of root."""

    name: str
    uid: int
    gid: int

    def switch(self) -> dict[str, Any]:
        """Return the arguments of subprocess that start a process as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def spawn(
    command: Sequence[str | Path],
    *,
    last_signal: signal.Signals,
    user: ServerUser | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    output: IO[bytes] | int | None = None,
) -> "subprocess.Popen[bytes]":
    """Start a process that dies with this one, out of reach of the terminal's Ctrl-C.

    last_signal: what the kernel sends to it when this process is gone. Call from the main
    thread: the kernel watches the thread, not the process.
    """
    return subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        env=dict(env) if env is not None else None,
        cwd=cwd,
        start_new_session=True,
        # Safe here: the supervisor has one thread, and the function makes two system calls.
        preexec_fn=partial(leash.fasten, last_signal, os.getpid()),
        **(user.switch() if user else {}),
    )


def can_look_around() -> bool:
    """Return whether this system shows what processes run, which is Linux's way."""
    return PROCESSES.is_dir()


def running(program: str, *, folder: Path) -> list[int]:
    """Return the ids of a program's living processes that work in a folder; [] without /proc.

    program: its file's name. A database server sits in its data folder, so this says more than a
    pid file, which a killed server leaves behind and whose number may belong to somebody else
    by now. Somebody's shell may sit there too.
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
    """Return the name of the file that a process runs, which may have been replaced since."""
    # By name, as after an update the predecessor runs the old package's file, deleted maybe.
    return (entry / "exe").readlink().name.removesuffix(" (deleted)")


def send_off(
    program: str, *, folder: Path, polite: signal.Signals, patience_seconds: float = 15
) -> None:
    """Wait for the server that a killed predecessor left in a folder, ask it to go, make it go.

    program: the server's file's name; what else works in that folder is left alone.
    """
    steps: list[tuple[signal.Signals | None, float]] = [
        (None, 3),
        (polite, patience_seconds),
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
    """Send a signal to a process that may be gone already."""
    try:
        os.kill(pid, wanted)
    except (ProcessLookupError, PermissionError):
        pass


def is_free(port: int, *, address: str = "127.0.0.1") -> bool:
    """Return whether a server could listen on the port; address: as in BIND, maybe [::]."""
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
    """Return the previous port where it is still free, or another free one not in taken."""
    if previous and previous not in taken and is_free(previous):
        return previous
    for port in random.sample(PORTS, k=len(PORTS)):
        if port not in taken and is_free(port):
            return port
    raise OSError(f"No free port between {PORTS.start} and {PORTS.stop}.")
