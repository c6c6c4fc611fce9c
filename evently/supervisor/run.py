"""The supervisor: starts servers, prepares, serves, watches, stops in order."""

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from evently.embedded import addresses, processes, servers, state
from evently.environment import BASE_DIR, DEBUG, env
from evently.supervisor import sizes
from evently.supervisor.children import Child, say
from evently.supervisor.ready import answers_ready

READY_SECONDS = 90


class Stopped(Exception):
    """Somebody asked to stop while things were still starting."""


class Supervisor:
    """Keeps one Evently running, from the embedded servers to the scheduler."""

    def __init__(self) -> None:
        """Describe; nothing starts before `run`."""
        self.home = addresses.home()
        self.url = env.str("PUBLIC_URL", default=f"http://localhost:{sizes.port()}").rstrip("/")
        self.children: list[Child] = []
        self.stop_requests = 0

    # ── Signals ─────────────────────────────────────────────────────────────
    def _listen(self) -> None:
        """Turn signals into flags, and have them end a pause at once."""
        self._wake_reader, wake_writer = os.pipe()
        for end in (self._wake_reader, wake_writer):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)
        for wanted in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(wanted, self._request_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def _request_stop(self, *_: Any) -> None:
        self.stop_requests += 1

    def _check(self) -> None:
        if self.stop_requests:
            raise Stopped

    def _pause(self, seconds: float) -> None:
        """Wait, though not through a signal."""
        if select.select([self._wake_reader], [], [], seconds)[0]:
            os.read(self._wake_reader, 4096)

    # ── Life ────────────────────────────────────────────────────────────────
    def run(self) -> int:
        """Start everything, watch it until asked to stop, stop it. Raises CannotStart."""
        state.make_home(self.home)
        self._lock = state.lock_home(self.home, note=f"process {os.getpid()}, {self.url}")
        self._refuse_taken_port()
        self._listen()
        try:
            self._start_embedded()
            self._prepare()
            self._start_web()
            self._await_ready()
            # Not earlier: on few cores they would take the time that the first page waits for.
            self._start_background()
            while not self.stop_requests:
                for child in self.children:
                    child.tend()
                self._pause(0.5)
        except Stopped:
            pass
        finally:
            self._stop_all()
        return 0

    def _refuse_taken_port(self) -> None:
        address, port = sizes.bind_address().rsplit(":", 1)
        # A killed predecessor's web server may need a moment to go.
        deadline = time.monotonic() + 1.5
        while not processes.is_free(int(port), address=address):
            if time.monotonic() > deadline:
                raise state.CannotStart(
                    f"Port {port} is already in use. Stop what listens there, or choose "
                    f"another: PORT={int(port) + 1} script/server"
                )
            time.sleep(0.1)

    def _start_embedded(self) -> None:
        for server in servers.describe(self.home):
            say(f"Starting {server.name} ...")
            child = Child(
                name=server.name,
                launch=partial(servers.start, server, check=self._check),
                polite=server.polite_signal,
                patience_seconds=30,
            )
            self.children.append(child)
            child.start()

    def _environment(self, **more: str) -> dict[str, str]:
        """Return the environment of the children."""
        return os.environ | {
            "EVENTLY_HOME": str(self.home),
            "PROMETHEUS_MULTIPROC_DIR": str(self.home / "metrics"),
            "PYTHONUNBUFFERED": "1",
            # Said by Celery to root, at every start; whoever runs this as root knows.
            "PYTHONWARNINGS": "ignore:You're running the worker with superuser",
            **more,
        }

    def _spawn(
        self, command: Sequence[str | Path], *, environment: Mapping[str, str]
    ) -> "subprocess.Popen[bytes]":
        return processes.spawn(
            [sys.executable, "-m", *command],
            # No farewells: what they stand on goes at the same moment.
            last_signal=signal.SIGKILL,
            env=environment,
            cwd=BASE_DIR,
        )

    def _prepare(self) -> None:
        """Migrate and so on, in a process of its own; its words say what went wrong."""
        say("Preparing the database ...")
        metrics = self.home / "metrics"
        shutil.rmtree(metrics, ignore_errors=True)
        metrics.mkdir()
        child = Child(
            "preparation",
            partial(self._spawn, ["evently.supervisor.prepare"], environment=self._environment()),
        )
        child.start()
        try:
            while child.alive():
                self._check()
                self._pause(0.5)
        finally:
            child.ask_to_stop()
            child.wait_stopped(hurry=lambda: self.stop_requests > 1)
        if child.process is not None and child.process.returncode != 0:
            raise state.CannotStart("Evently does not start; see above.")

    def _start_web(self) -> None:
        pool = str(sizes.web_threads() + 1)
        self._start_service(
            "web",
            ["gunicorn", "--config", "python:evently.supervisor.gunicorn_conf"],
            patience_seconds=15,
            environment=self._environment(DATABASE_POOL_MAX_SIZE=pool),
        )

    def _start_background(self) -> None:
        """Start worker and scheduler."""
        celery = ["celery", "-A", "evently.supervisor.worker", "--quiet", "--skip-checks"]
        level = ["--loglevel", "INFO"]
        worker = [
            *(*celery, "worker", *level, "--concurrency", str(sizes.task_workers())),
            *("--without-gossip", "--without-mingle", "--hostname", f"evently-{os.getpid()}@%h"),
        ]
        beat = [*celery, "beat", *level, "--schedule", str(self.home / "celerybeat-schedule")]
        environment = self._environment()
        self._start_service("worker", worker, patience_seconds=25, environment=environment)
        self._start_service("beat", beat, patience_seconds=5, environment=environment)

    def _start_service(
        self,
        name: str,
        command: Sequence[str],
        *,
        patience_seconds: float,
        environment: Mapping[str, str],
    ) -> None:
        launch = partial(self._spawn, command, environment=environment)
        child = Child(name, launch, patience_seconds=patience_seconds)
        self.children.append(child)
        child.start()

    def _await_ready(self) -> None:
        """Wait until /readyz answers, then print where and how to log in."""
        deadline = time.monotonic() + READY_SECONDS
        while not answers_ready(sizes.bind_address(), self.url):
            self._check()
            for child in self.children:
                child.tend()
            # It ended by itself: it would do so again.
            if any(child.last_code > 0 for child in self.children if child.name == "web"):
                raise state.CannotStart("The web server does not start; see above.")
            if time.monotonic() > deadline:
                say("Evently runs, but is not ready yet; /readyz says which part is missing.")
                return
            self._pause(0.1)
        say(greeting(self.url, address=sizes.bind_address(), home=self.home))

    def _stop_all(self) -> None:
        """Stop scheduler, web and worker first, what they stand on last.

        Asked once more meanwhile, the first three are killed. The databases are not: they
        are quick, and hold the data.
        """
        requests = max(self.stop_requests, 1)
        by_name = {child.name: child for child in self.children}
        self._stop(
            [by_name.get("beat"), by_name.get("web"), by_name.get("worker")],
            hurry=lambda: self.stop_requests > requests,
        )
        self._stop([by_name.get("valkey")], hurry=lambda: False)
        self._stop([by_name.get("postgres")], hurry=lambda: False)

    @staticmethod
    def _stop(children: Sequence[Child | None], *, hurry: Callable[[], bool]) -> None:
        present = [child for child in children if child is not None]
        for child in present:
            child.ask_to_stop()
        for child in present:
            child.wait_stopped(hurry=hurry)


def greeting(url: str, *, address: str, home: Path) -> str:
    """Return what is printed once everything answers."""
    lines = ["", f"  Evently is ready: {url}", f"  Listening on {address}, data in {home}"]
    if DEBUG:
        lines += [
            "",
            "  Log in as organizer@evently.example (admin at /admin/)",
            "         or attendee@evently.example, password evently-demo",
        ]
    return "\n".join([*lines, "", "  Ctrl-C stops it.", ""])
