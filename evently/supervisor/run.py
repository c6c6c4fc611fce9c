"""The supervisor: starts embedded servers and the processes of roles, and stops them in order."""

import os
import select
import shutil
import signal
import socket
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from evently.embedded import addresses, relay, servers, state
from evently.environment import DEBUG, env
from evently.supervisor import listening, options, reloading, roles
from evently.supervisor.children import Child, print_line
from evently.supervisor.hangup import Hangup
from evently.supervisor.ready import answers_ready
from evently.supervisor.services import Services, Web

READY_SECONDS = 90
# The folder of the metrics of a server with all roles.
ALL = "all"


class Stopped(Exception):
    """A stop was requested while processes were still starting."""


class Supervisor:
    """Keeps one Evently running, from embedded servers to scheduler, or some roles of it."""

    def __init__(self, plan: roles.Plan) -> None:
        self.plan = plan
        self.home = addresses.home()
        self.url = env.str("PUBLIC_URL", default=f"http://localhost:{options.port()}").rstrip("/")
        name = ALL if plan.is_complete else "-".join(sorted(plan.roles))
        self.services = Services(self.home, name=name)
        self.children: list[Child] = []
        # Replaced by others, and still busy with what they had begun.
        self.retiring: list[Child] = []
        self.listener: socket.socket | None = None
        self.stop_requests = 0
        self.reload_requests = 0

    # ── Signals ─────────────────────────────────────────────────────────────
    def _listen(self) -> None:
        """Count requests to stop or reload, and let any signal end a pause at once."""
        self._wake_reader, wake_writer = os.pipe()
        for end in (self._wake_reader, wake_writer):
            os.set_blocking(end, False)
        self._hangup = Hangup()
        signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)
        for wanted in (signal.SIGINT, signal.SIGTERM):
            signal.signal(wanted, self._request_stop)
        signal.signal(signal.SIGHUP, self._request_reload)
        # Here and not in `watch`, which may be waiting for a server that logs while it starts.
        signal.signal(signal.SIGCHLD, lambda *_: relay.restart_killed())

    def _request_stop(self, *_: Any) -> None:
        self.stop_requests += 1

    def _request_reload(self, *_: Any) -> None:
        if self._hangup.means_stop():
            self.stop_requests += 1
        else:
            self.reload_requests += 1

    def check(self) -> None:
        if self.stop_requests:
            raise Stopped

    def pause(self, seconds: float) -> None:
        """Wait until the time is over or a signal arrives."""
        if select.select([self._wake_reader], [], [], seconds)[0]:
            os.read(self._wake_reader, 4096)

    # ── Starting ────────────────────────────────────────────────────────────
    def run(self) -> int:
        """Start all processes, watch them until asked to stop, stop them. Raises CannotStart."""
        self._refuse_missing_servers()
        state.make_home(self.home)
        self._locks = self._lock()
        if roles.WEB in self.plan.roles:
            listening.check_address()
        self._listen()
        try:
            self._start_embedded()
            self._empty_metrics()
            self.prepare()
            if roles.WEB in self.plan.roles:
                self._start_web()
                self._await_ready()
            # Not earlier: on a machine with few cores they would delay the first page.
            self._start_background()
            while not self.stop_requests:
                self.watch()
                if self.reload_requests:
                    reloading.reload(self)
                self.pause(0.5)
        except Stopped:
            pass
        finally:
            self._stop_all()
        return 0

    def watch(self) -> None:
        """Restart what has ended, and forget what was replaced and has finished."""
        for child in self.children:
            child.restart_if_ended()
        relay.restart_killed()
        self.retiring = [child for child in self.retiring if not child.has_retired()]

    def _refuse_missing_servers(self) -> None:
        """Raise CannotStart if some roles are to run beside embedded servers."""
        if not self.plan.is_complete and servers.needed():
            raise state.CannotStart(
                f"To run only {self.plan.name}, set DATABASE_URL and REDIS_URL: the embedded "
                "servers belong to a `script/server` that runs all roles."
            )

    def _lock(self) -> list[int]:
        note = f"process {os.getpid()}, {self.plan.name}, {self.url}"
        if self.plan.is_complete:
            return [state.lock_home(self.home, note=note)]
        return state.lock_roles(self.home, sorted(self.plan.roles), note=note)

    def _start_embedded(self) -> None:
        for server in servers.describe(self.home):
            print_line(f"Starting {server.name} ...")
            child = Child(
                name=server.name,
                launch=partial(servers.start, server, check=self.check),
                stop_signal=server.stop_signal,
                stop_timeout_seconds=30,
            )
            self.children.append(child)
            child.start()

    def _empty_metrics(self) -> None:
        # Also those of an earlier start with other roles, which cannot run beside these.
        everything = self.services.metrics.parent
        stale = [everything] if self.plan.is_complete else [self.services.metrics, everything / ALL]
        for folder in stale:
            shutil.rmtree(folder, ignore_errors=True)
        self.services.metrics.mkdir(parents=True)

    def prepare(self) -> None:
        """Run `prepare` in a separate process, which prints its errors itself.

        Raises CannotStart if it fails, Stopped.
        """
        print_line("Preparing the database ...")
        child = self.services.preparation(
            migrate=self.plan.migrate, web=roles.WEB in self.plan.roles
        )
        child.start()
        try:
            while child.alive():
                self.check()
                self.watch()
                self.pause(0.5)
        finally:
            child.ask_to_stop()
            child.wait_stopped(kill_now=lambda: self.stop_requests > 1)
        if child.process is not None and child.process.returncode != 0:
            raise state.CannotStart("Evently could not start; see the message above.")

    def _start_web(self) -> None:
        self.listener = listening.listen()
        self.listener.set_inheritable(True)
        self._start_service(self.services.web(self.listener.fileno()))

    def _start_background(self) -> None:
        if roles.WORKER in self.plan.roles:
            self._start_service(self.services.urgent_worker())
            self._start_service(self.services.worker())
        if roles.MAILER in self.plan.roles:
            self._start_service(self.services.mailer())
        if roles.SCHEDULER in self.plan.roles:
            self._start_service(self.services.scheduler())
        if roles.WEB not in self.plan.roles:
            if port := options.metrics_port():
                self._start_service(self.services.monitor(port))
            print_line(f"Evently runs its {self.plan.name}, data in {self.home}")

    def _start_service(self, child: Child) -> None:
        self.children.append(child)
        child.start()

    def replace(self, old: Child, new: Child) -> None:
        """Let a new process take the place of an old one, which finishes what it has begun."""
        self.children[self.children.index(old)] = new
        self.retiring.append(old)
        old.retire()

    def _await_ready(self) -> None:
        """Wait until /readyz answers, then print the address and the demo logins."""
        deadline = time.monotonic() + READY_SECONDS
        while not answers_ready(options.bind_address(), self.url):
            self.check()
            self.watch()
            # It exited with an error, and would do so again.
            if any(child.last_code > 0 for child in self.children if isinstance(child, Web)):
                raise state.CannotStart("The web server could not start; see the message above.")
            if time.monotonic() > deadline:
                print_line(
                    "Evently is running, but not ready yet; /readyz shows which part is missing."
                )
                return
            self.pause(0.1)
        print_line(greeting(self.url, address=options.bind_address(), home=self.home))

    # ── Stopping ────────────────────────────────────────────────────────────
    def _stop_all(self) -> None:
        """Stop scheduler, web and worker first, then the servers they depend on.

        A second stop request kills the first three. The embedded servers are not killed: they stop
        quickly, and hold the data.
        """
        requests = max(self.stop_requests, 1)
        if self.listener is not None:
            listening.close(self.listener)
        of_servers: dict[str, list[Child]] = {server: [] for server in ("valkey", "postgres")}
        services: list[Child] = [*self.retiring]
        for child in self.children:
            of_servers.get(child.name, services).append(child)
        self._stop(services, kill_now=lambda: self.stop_requests > requests)
        for embedded in of_servers.values():
            self._stop(embedded, kill_now=lambda: False)

    @staticmethod
    def _stop(children: Sequence[Child], *, kill_now: Callable[[], bool]) -> None:
        for child in children:
            child.ask_to_stop()
        for child in children:
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
