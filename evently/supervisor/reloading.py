"""Reload: new processes take over from old ones, without refusing or dropping a request."""

import os
import time
from collections.abc import Mapping
from typing import Protocol

from evently import environment
from evently.embedded.state import CannotStart
from evently.supervisor import INHERITED
from evently.supervisor.children import Child, describe_code, print_line
from evently.supervisor.services import CHECKOUT, Services, Web

NEW_WEB_SECONDS = 90


class Supervisor(Protocol):
    """What a reload needs of the supervisor."""

    services: Services
    children: list[Child]
    reload_requests: int

    def check(self) -> None:
        """Raise an exception if a stop was requested."""

    def watch(self) -> None:
        """Restart what has ended."""

    def pause(self, seconds: float) -> None:
        """Wait until the time is over or a signal arrives."""

    def prepare(self) -> None:
        """Bring database and static files up to date."""

    def replace(self, old: Child, new: Child) -> None:
        """Let a new process take the place of an old one."""


def reload(supervisor: Supervisor) -> None:
    """Replace web, worker, mailer and scheduler by new ones, with the code and settings of now.

    New web processes accept before old ones stop to: both have the same socket. If anything fails
    before that, the old ones go on as if nothing had happened. Raises Stopped.
    """
    supervisor.reload_requests = 0
    print_line("Reloading ...")
    before = dict(os.environ)
    try:
        _use_environment(INHERITED)
        environment.read(CHECKOUT / ".env")
        supervisor.prepare()
        for child in list(supervisor.children):
            _replace(supervisor, child)
    except CannotStart as error:
        _use_environment(before)
        print_line(f"Not reloaded: the old processes go on. {error}")
    else:
        print_line("Reloaded.")


def _use_environment(variables: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(variables)


def _replace(supervisor: Supervisor, child: Child) -> None:
    services = supervisor.services
    if isinstance(child, Web):
        new: Child = services.web(child.listener)
        new.start()
        _await_web(supervisor, new)
    elif start := {
        "worker": services.worker,
        "urgent-worker": services.urgent_worker,
        "mailer": services.mailer,
        "scheduler": services.scheduler,
    }.get(child.name):
        new = start()
        new.start()
    else:
        return
    supervisor.replace(child, new)


def _await_web(supervisor: Supervisor, new: Child) -> None:
    """Wait until the new web server accepts requests. Raises CannotStart, Stopped."""
    deadline = time.monotonic() + NEW_WEB_SECONDS
    try:
        while not (isinstance(new, Web) and new.accepts_requests()):
            supervisor.check()
            supervisor.watch()
            if not new.alive():
                code = new.process.returncode if new.process else 1
                raise CannotStart(
                    f"The new web server ended with {describe_code(code)}; see above."
                )
            if time.monotonic() > deadline:
                raise CannotStart("The new web server did not start in time.")
            supervisor.pause(0.05)
    except BaseException:
        new.ask_to_stop()
        new.wait_stopped(kill_now=lambda: False)
        raise
