"""How web, worker, mailer and scheduler are started."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from evently.embedded import processes
from evently.environment import BASE_DIR
from evently.supervisor import INHERITED, lifeline, options
from evently.supervisor.children import Child

# Where the checkout is by the path that this was started by. That may be a link to the folder of
# one release, and at a reload to that of the next.
_STARTED_IN = Path(sys.executable).parent.parent.parent
CHECKOUT = _STARTED_IN if _STARTED_IN.resolve() == BASE_DIR else BASE_DIR

METRICS = "metrics"
# As heartbeats name them, which import more than a supervisor may.
WORKER, URGENT_WORKER, MAILER = "worker", "urgent-worker", "mailer"
CELERY = ("celery", "-A", "evently.supervisor.worker", "--quiet", "--skip-checks")
LEVEL = ("--loglevel", "INFO")
# A worker that is replaced may finish its tasks, whose limit this is.
LAST_TASK_SECONDS = 300


class Services:
    """Starts processes for one EVENTLY_HOME. name: which roles, for the folder of its metrics."""

    def __init__(self, home: Path, *, name: str) -> None:
        self.home = home
        self.metrics = home / METRICS / name
        self._generation = 0

    def environment(self, **more: str) -> dict[str, str]:
        # Without .env, which each process reads in its own checkout: after a reload, a new one.
        return {
            # glibc makes up to eight heaps per core, over which threads spread what they use.
            "MALLOC_ARENA_MAX": "2",
            **INHERITED,
            "EVENTLY_HOME": str(self.home),
            "PROMETHEUS_MULTIPROC_DIR": str(self.metrics),
            "PYTHONUNBUFFERED": "1",
            # Celery warns root at every start.
            "PYTHONWARNINGS": "ignore:You're running the worker with superuser",
            **more,
        }

    def preparation(self, *, migrate: bool, web: bool) -> Child:
        more = [*(["--migrate"] if migrate else []), *(["--static"] if web else [])]
        return self._child("preparation", ["evently.supervisor.prepare", *more])

    def web(self, listener: int) -> "Web":
        """Return the web server. listener: the descriptor of its listening socket."""
        return Web(self, listener)

    def worker(self) -> Child:
        return self._worker(WORKER, queues="celery,mail", processes=options.task_workers())

    def urgent_worker(self) -> Child:
        """Return the worker of what cannot wait, such as expiring offers."""
        # Two, so that one event that is busy does not hold up all others.
        return self._worker(URGENT_WORKER, queues="urgent", processes=2)

    def _worker(self, kind: str, *, queues: str, processes: int) -> Child:
        # Two workers of one name would take each other's commands, while one replaces the other.
        self._generation += 1
        name = f"{kind}-{os.getpid()}-{self._generation}@%h"
        command = [
            *(*CELERY, "worker", *LEVEL, "--concurrency", str(processes), "--queues", queues),
            *("--without-gossip", "--without-mingle", "--hostname", name),
        ]
        return self._child(kind, command, stop=25, retire=LAST_TASK_SECONDS)

    def mailer(self) -> Child:
        """Return the process that delivers emails."""
        return self._child(MAILER, ["manage", "deliver_emails"], stop=45)

    def scheduler(self) -> Child:
        return self._child("scheduler", [*CELERY, "beat", *LEVEL], stop=5)

    def monitor(self, port: int) -> Child:
        return self._child("monitor", ["evently.supervisor.monitor", str(port)], stop=5)

    def _child(
        self, name: str, command: Sequence[str], *, stop: float = 15, retire: float | None = None
    ) -> Child:
        return Child(
            name,
            lambda: self.spawn(command, environment=self.environment()),
            stop_timeout_seconds=stop,
            retire_timeout_seconds=retire or stop,
        )

    def spawn(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        pass_fds: Sequence[int] = (),
    ) -> "subprocess.Popen[bytes]":
        return processes.spawn(
            [sys.executable, "-m", *command],
            # SIGKILL: the servers they depend on end at the same time.
            death_signal=signal.SIGKILL,
            env=environment,
            cwd=CHECKOUT,
            pass_fds=pass_fds,
        )


class Web(Child):
    """Gunicorn, on a socket that it inherits.

    Where its main process is killed, its workers go on until those of another accept requests.
    """

    def __init__(self, services: Services, listener: int) -> None:
        super().__init__("web", self._launch, stop_timeout_seconds=15, retire_timeout_seconds=15)
        self._services = services
        self.listener = listener
        self._ready: int | None = None
        self._lifeline: int | None = None
        self._orphans: lifeline.Orphans | None = None

    def _launch(self) -> "subprocess.Popen[bytes]":
        self._close_ready()
        self._ready, tell = os.pipe()
        os.set_blocking(self._ready, False)
        held, self._lifeline = os.pipe()
        environment = self._services.environment(
            DATABASE_POOL_MAX_SIZE=str(options.web_threads() + 1),
            EVENTLY_LISTENER=str(self.listener),
            EVENTLY_READY=str(tell),
            **{lifeline.VARIABLE: str(held)},
        )
        try:
            return self._services.spawn(
                ["gunicorn", "--config", "python:evently.supervisor.gunicorn_conf"],
                environment=environment,
                pass_fds=[self.listener, tell, held],
            )
        finally:
            os.close(tell)
            os.close(held)

    def accepts_requests(self) -> bool:
        """Return whether a process of this server has started to accept; asked until it has."""
        if self._ready is None:
            return True
        with suppress(BlockingIOError):
            if os.read(self._ready, 1):
                self._close_ready()
                return True
        return False

    # ── Workers without their main process ──────────────────────────────────
    def restart_if_ended(self) -> None:
        """Restart it; stop orphaned workers once their successors accept requests."""
        super().restart_if_ended()
        if self._orphans is not None and self.alive() and self.accepts_requests():
            self._orphans.ask_to_stop()
            if self._orphans.have_stopped():
                self._cut_orphans()

    def _end_rest(self, ended: "subprocess.Popen[bytes]") -> None:
        """Let the workers go on if the main process was killed while they accepted requests."""
        was_killed = ended.returncode < 0 and self.accepts_requests()
        if was_killed and self._lifeline is not None:
            self._cut_orphans()
            self._orphans = lifeline.Orphans(ended.pid, self._lifeline)
            self._lifeline = None
        else:
            super()._end_rest(ended)
            self._cut_lifeline()

    def ask_to_stop(self) -> None:
        super().ask_to_stop()
        if self._orphans is not None:
            self._orphans.ask_to_stop()

    def has_retired(self) -> bool:
        if not super().has_retired():
            return False
        self._cut_orphans()
        self._cut_lifeline()
        return True

    def wait_stopped(self, *, kill_now: Callable[[], bool]) -> None:
        super().wait_stopped(kill_now=kill_now)
        self._cut_orphans()
        self._cut_lifeline()

    def _cut_orphans(self) -> None:
        if self._orphans is not None:
            self._orphans.cut()
            self._orphans = None

    def _cut_lifeline(self) -> None:
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None

    def _close_ready(self) -> None:
        if self._ready is not None:
            os.close(self._ready)
            self._ready = None
