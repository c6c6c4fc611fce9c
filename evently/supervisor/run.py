"""The supervisor: starts embedded servers, web, worker and scheduler, and stops them in order."""

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
from evently.supervisor import options
from evently.supervisor.children import Child, print_line
from evently.supervisor.ready import answers_ready

READY_SECONDS = 90


class Stopped(Exception):
    """A stop was requested while processes were still starting."""


class Supervisor:
    """Keeps one Evently running, from the embedded servers to the scheduler."""

    def __init__(self) -> None:
        self.home = addresses.home()
        self.url = env.str("PUBLIC_URL", default=f"http://localhost:{options.port()}").rstrip("/")
        self.children: list[Child] = []
        self.stop_requests = 0

    # ── Signals ─────────────────────────────────────────────────────────────
    def _listen(self) -> None:
        """Count stop signals, and let any signal end a pause at once."""
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
        """Wait until the time is over or a signal arrives."""
        if select.select([self._wake_reader], [], [], seconds)[0]:
            os.read(self._wake_reader, 4096)

    # ── Starting ────────────────────────────────────────────────────────────
    def run(self) -> int:
        """Start all processes, watch them until asked to stop, stop them. Raises CannotStart."""
        state.make_home(self.home)
        self._lock = state.lock_home(self.home, note=f"process {os.getpid()}, {self.url}")
        self._refuse_taken_port()
        self._listen()
        try:
            self._start_embedded()
            self._prepare()
            self._start_web()
            self._await_ready()
            # Not earlier: on a machine with few cores they would delay the first page.
            self._start_background()
            while not self.stop_requests:
                for child in self.children:
                    child.restart_if_ended()
                self._pause(0.5)
        except Stopped:
            pass
        finally:
            self._stop_all()
        return 0

    def _refuse_taken_port(self) -> None:
        address, port = options.bind_address().rsplit(":", 1)
        if address == "unix":
            return
        # The web server of a killed supervisor may take a moment to end.
        deadline = time.monotonic() + 1.5
        while not processes.is_free(int(port), address=address):
            if time.monotonic() > deadline:
                raise state.CannotStart(
                    f"Port {port} is already in use. Stop the program that uses it, or choose "
                    f"another port: PORT={int(port) + 1} script/server"
                )
            time.sleep(0.1)

    def _start_embedded(self) -> None:
        for server in servers.describe(self.home):
            print_line(f"Starting {server.name} ...")
            child = Child(
                name=server.name,
                launch=partial(servers.start, server, check=self._check),
                stop_signal=server.stop_signal,
                stop_timeout_seconds=30,
            )
            self.children.append(child)
            child.start()

    def _environment(self, **more: str) -> dict[str, str]:
        return os.environ | {
            "EVENTLY_HOME": str(self.home),
            "PROMETHEUS_MULTIPROC_DIR": str(self.home / "metrics"),
            "PYTHONUNBUFFERED": "1",
            # Celery warns root at every start.
            "PYTHONWARNINGS": "ignore:You're running the worker with superuser",
            **more,
        }

    def _spawn(
        self, command: Sequence[str | Path], *, environment: Mapping[str, str]
    ) -> "subprocess.Popen[bytes]":
        return processes.spawn(
            [sys.executable, "-m", *command],
            # SIGKILL: the servers they depend on end at the same time.
            death_signal=signal.SIGKILL,
            env=environment,
            cwd=BASE_DIR,
        )

    def _prepare(self) -> None:
        """Run `prepare` in a separate process, which prints its errors itself."""
        print_line("Preparing the database ...")
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
            child.wait_stopped(kill_now=lambda: self.stop_requests > 1)
        if child.process is not None and child.process.returncode != 0:
            raise state.CannotStart("Evently could not start; see the message above.")

    def _start_web(self) -> None:
        pool = str(options.web_threads() + 1)
        self._start_service(
            "web",
            ["gunicorn", "--config", "python:evently.supervisor.gunicorn_conf"],
            stop_timeout_seconds=15,
            environment=self._environment(DATABASE_POOL_MAX_SIZE=pool),
        )

    def _start_background(self) -> None:
        celery = ["celery", "-A", "evently.supervisor.worker", "--quiet", "--skip-checks"]
        level = ["--loglevel", "INFO"]
        worker = [
            *(*celery, "worker", *level, "--concurrency", str(options.task_workers())),
            *("--without-gossip", "--without-mingle", "--hostname", f"evently-{os.getpid()}@%h"),
        ]
        beat = [*celery, "beat", *level, "--schedule", str(self.home / "celerybeat-schedule")]
        environment = self._environment()
        self._start_service("worker", worker, stop_timeout_seconds=25, environment=environment)
        self._start_service("beat", beat, stop_timeout_seconds=5, environment=environment)

    def _start_service(
        self,
        name: str,
        command: Sequence[str],
        *,
        stop_timeout_seconds: float,
        environment: Mapping[str, str],
    ) -> None:
        launch = partial(self._spawn, command, environment=environment)
        child = Child(name, launch, stop_timeout_seconds=stop_timeout_seconds)
        self.children.append(child)
        child.start()

    def _await_ready(self) -> None:
        """Wait until /readyz answers, then print the address and the demo logins."""
        deadline = time.monotonic() + READY_SECONDS
        while not answers_ready(options.bind_address(), self.url):
            self._check()
            for child in self.children:
                child.restart_if_ended()
            # It exited with an error, and would do so again.
            if any(child.last_code > 0 for child in self.children if child.name == "web"):
                raise state.CannotStart("The web server could not start; see the message above.")
            if time.monotonic() > deadline:
                print_line(
                    "Evently is running, but not ready yet; /readyz shows which part is missing."
                )
                return
            self._pause(0.1)
        print_line(greeting(self.url, address=options.bind_address(), home=self.home))

    def _stop_all(self) -> None:
        """Stop scheduler, web and worker first, then the servers they depend on.

        A second stop request kills the first three. The embedded servers are not killed: they stop
        quickly, and hold the data.
        """
        requests = max(self.stop_requests, 1)
        by_name = {child.name: child for child in self.children}
        self._stop(
            [by_name.get("beat"), by_name.get("web"), by_name.get("worker")],
            kill_now=lambda: self.stop_requests > requests,
        )
        self._stop([by_name.get("valkey")], kill_now=lambda: False)
        self._stop([by_name.get("postgres")], kill_now=lambda: False)

    @staticmethod
    def _stop(children: Sequence[Child | None], *, kill_now: Callable[[], bool]) -> None:
        present = [child for child in children if child is not None]
        for child in present:
            child.ask_to_stop()
        for child in present:
            child.wait_stopped(kill_now=kill_now)


def greeting(url: str, *, address: str, home: Path) -> str:
    """Return the text that is printed once Evently is ready."""
    lines = ["", f"  Evently is ready: {url}", f"  Listening on {address}, data in {home}"]
    if DEBUG:
        lines += [
            "",
            "  Log in as organizer@evently.example (admin at /admin/)",
            "         or attendee@evently.example, password evently-demo",
        ]
    return "\n".join([*lines, "", "  Press Ctrl-C to stop.", ""])
