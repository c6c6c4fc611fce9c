"""Start the whole application, as `script/server` does, and observe its processes."""

import http.client
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from django.conf import settings

from evently.embedded.processes import choose_port
from evently.environment import BASE_DIR

# Upper limits only: waiting ends as soon as the condition holds.
READY_SECONDS = 240
PATIENCE_SECONDS = 90
# Collected once for all tests and runs, and anew when a file changes.
STATIC_ROOT = BASE_DIR / ".evently-test" / "static"
NOT_INHERITED = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "PORT", "EVENTLY_HOME")


@contextmanager
def home_for_tests(*, started_before: bool = False) -> Iterator[Path]:
    """Name an EVENTLY_HOME that the servers' user can access, and remove it afterwards.

    started_before: with what a first start without the demo makes, in development. Most of the time
    of such a start goes into migrations. The path contains a space, as paths may.
    """
    folder = Path(tempfile.mkdtemp(prefix="evently test-"))
    folder.chmod(0o755)
    try:
        if started_before:
            # In a process of its own: it reads settings, which benchmarks set up later.
            subprocess.run(
                [sys.executable, "-m", "evently.tests.started", folder / "home"],
                cwd=BASE_DIR,
                check=True,
            )
        yield folder / "home"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def processes_of(home: Path) -> dict[int, str]:
    """Return the running processes that belong to an EVENTLY_HOME: id to command line."""
    found = {}
    wanted = f"EVENTLY_HOME={home}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            in_environment = wanted in (entry / "environ").read_bytes().split(b"\0")
            in_folder = (entry / "cwd").readlink().is_relative_to(home)
            if in_environment or in_folder:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found[int(entry.name)] = command[:120]
        except OSError:
            continue
    return found


def wait_for(condition, seconds: float = PATIENCE_SECONDS):
    """Return the condition's first true value, or its last false one."""
    deadline = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return value


def production() -> dict[str, str]:
    """Return the environment variables of production, with the keys of this test run."""
    keys = settings.EVENTLY_PII_KEYS.items()
    return {
        "DEBUG": "false",
        "PUBLIC_URL": "http://localhost:8000",
        "SECRET_KEY": "k" * 50,
        "EVENTLY_DIGEST_KEY": settings.EVENTLY_DIGEST_KEY,
        "EVENTLY_PII_KEYS": ",".join(f"{name}:{b64encode(key).decode()}" for name, key in keys),
        "EMAIL_URL": "dummymail://",
        "STATIC_ROOT": str(STATIC_ROOT),
    }


@dataclass
class Running:
    """One supervisor under test."""

    home: Path
    user: pwd.struct_passwd | None = None
    folder: Path = BASE_DIR
    command: list[str] = field(default_factory=lambda: [sys.executable, "-m", "evently.supervisor"])
    more: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=lambda: choose_port(None, taken=set()))

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
        return kept | {"EVENTLY_HOME": str(self.home), "PORT": str(self.port)} | self.more

    def start(self) -> "Running":
        switch = {}
        if self.user:
            switch = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **switch,
            )
        return self

    @property
    def log(self) -> Path:
        return self.home.with_name(f"{self.home.name}-{self.port}.log")

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def get(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()

    def is_ready(self) -> bool:
        return self.process.poll() is not None or self.get("/readyz")[0] == 200

    def await_ready(self) -> "Running":
        # Once is enough: on a busy machine, the next answer may be that it is not, for a moment.
        is_ready = wait_for(self.is_ready, READY_SECONDS)
        assert self.process.poll() is None, self.said()
        assert is_ready, self.said()
        return self

    def database(self, role: str = "evently_owner") -> "psycopg.Connection":
        ports = json.loads((self.home / "ports.json").read_text())
        passwords = json.loads((self.home / "passwords.json").read_text())
        return psycopg.connect(
            host="127.0.0.1",
            port=ports["postgres"],
            user=role,
            password=passwords[role],
            dbname="evently",
            autocommit=True,
        )

    def end(self, wanted: signal.Signals, seconds: float = PATIENCE_SECONDS) -> int:
        """Send a signal to the supervisor alone and return its exit code."""
        self.process.send_signal(wanted)
        return self.process.wait(timeout=seconds)

    def kill_everything(self) -> None:
        """Clean up after a failed test."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        wait_for(lambda: not processes_of(self.home), 20)
        for pid in processes_of(self.home):
            os.kill(pid, signal.SIGKILL)
