"""The faults: how each is brought about and ended, and what users may see of it.

A new fault is a `Fault` in `FAULTS`.
"""

import os
import signal
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial

import psycopg

from bench.chaos import mail_server
from bench.chaos.parts import APPLICATION, Part, with_descendants
from bench.chaos.site import Site
from evently.embedded.postgres import SUPERUSER

# Long enough for three promises: a hanging database is noticed after 4 s; a worker that is stopped
# has missed its signs of life; errors end within 5 s.
STOPPED_SECONDS = 10.0
OVERDUE_SECONDS = 10.0
MOST_CONNECTIONS = 400
# Those that were put on sale last, which sell out at once, and one more.
LOCK = """
    SELECT FROM events WHERE id IN (
        SELECT id FROM events WHERE total_capacity > 10 ORDER BY created_at DESC, id DESC LIMIT 4)
    FOR UPDATE
"""
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s"


@dataclass(frozen=True)
class Limits:
    """What users may see.

    errors: whether they may see any until the part is back. after_seconds: how long after that they
    still may. wait_seconds: the longest that one waits for an answer. is_healthy: whether /healthz
    has to answer meanwhile. overdue_seconds: how late an offer may end.
    """

    errors: bool = False
    after_seconds: float = 0.0
    wait_seconds: float = 5.0
    is_healthy: bool = True
    overdue_seconds: float = 60.0

    def widened_by(self, other: "Limits") -> "Limits":
        """Return the limits of two faults at once."""
        return Limits(
            errors=self.errors or other.errors,
            after_seconds=max(self.after_seconds, other.after_seconds),
            wait_seconds=max(self.wait_seconds, other.wait_seconds),
            is_healthy=self.is_healthy and other.is_healthy,
            overdue_seconds=max(self.overdue_seconds, other.overdue_seconds),
        )


# The part is back: asked after the fault was ended.
IsBack = Callable[[], bool]


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    about: what it happens to; two faults at once are about different things. begin: brings it
    about, leaves what ends it in the stack, and returns what tells that the part is back. seconds:
    how long it lasts.
    """

    name: str
    about: str
    begin: Callable[[Site, ExitStack], IsBack]
    limits: Limits
    seconds: float = 0.0


# ── Processes ───────────────────────────────────────────────────────────────
def kill(part: Part) -> Callable[[Site, ExitStack], IsBack]:
    """Kill one process of a part; another takes its place."""

    def begin(site: Site, ends: ExitStack) -> IsBack:
        before = site.processes(part)
        if before:
            with suppress(ProcessLookupError):
                os.kill(before[0], signal.SIGKILL)
        return partial(_is_replaced, site, part, before)

    return begin


def stop(part: Part, *, all_of_it: bool = False) -> Callable[[Site, ExitStack], IsBack]:
    """Stop one process of a part, or all with their descendants, until the fault is over."""

    def begin(site: Site, ends: ExitStack) -> IsBack:
        pids = site.processes(part)
        pids = with_descendants(pids) if all_of_it else pids[:1]
        for pid in pids:
            _send(pid, signal.SIGSTOP)
            ends.callback(_send, pid, signal.SIGCONT)
        return partial(_answers, site, part)

    return begin


def kill_everything(site: Site, ends: ExitStack) -> IsBack:
    """Kill the supervisor, with which everything ends; start it again, as systemd would."""
    site.evently.process.kill()
    site.evently.process.wait()
    ends.callback(site.evently.start)
    return site.is_whole


def _is_replaced(site: Site, part: Part, before: list[int]) -> bool:
    now = site.processes(part)
    # Of backends there are as many as are needed.
    as_many = part is Part.BACKEND or len(now) >= len(before)
    return as_many and not set(before[:1]) & set(now) and _answers(site, part)


def _answers(site: Site, part: Part) -> bool:
    if part in (Part.DATABASE, Part.BACKEND):
        return site.database_answers()
    if part is Part.BROKER:
        return site.broker_answers()
    if part is Part.WEB:
        return site.web_answers()
    return True


def _send(pid: int, wanted: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, wanted)


# ── Locks and connections of the database ─────────────────────────────────────────────
def take_all_connections(site: Site, ends: ExitStack) -> IsBack:
    """Let other sessions take every connection that the database has left."""
    with suppress(psycopg.OperationalError):
        for _ in range(MOST_CONNECTIONS):
            ends.callback(site.database().close)
    return site.database_answers


def lock_events(site: Site, ends: ExitStack) -> IsBack:
    """Lock some events on sale, as a session of an administrator does that is left open."""
    database = site.database()
    ends.callback(database.close)
    database.execute("BEGIN")
    database.execute(LOCK)
    return site.database_answers


def cut_connections(site: Site, ends: ExitStack) -> IsBack:
    """End all connections of the application, as an administrator or a proxy does."""
    with site.database(role=SUPERUSER) as database:
        database.execute(CUT, [APPLICATION])
    return site.database_answers


# ── Mail ────────────────────────────────────────────────────────────────────
def misbehave(mode: str) -> Callable[[Site, ExitStack], IsBack]:
    """Let the mail server misbehave."""

    def begin(site: Site, ends: ExitStack) -> IsBack:
        site.mail.behave(mode)
        ends.callback(site.mail.behave, mail_server.FINE)
        return lambda: True

    return begin


NOTHING_SEEN = Limits()
MAIL_FAULT = Limits(overdue_seconds=OVERDUE_SECONDS)
DATABASE_GONE = Limits(errors=True, after_seconds=5.0)
WEB_GONE = Limits(errors=True, after_seconds=5.0, wait_seconds=60.0, is_healthy=False)

FAULTS = (
    Fault("kill a web worker", "web", kill(Part.WEB_WORKER), NOTHING_SEEN),
    # Its workers go on until those of another have taken over.
    Fault("kill the web server", "web", kill(Part.WEB), NOTHING_SEEN),
    Fault(
        "stop a web worker",
        "web",
        stop(Part.WEB_WORKER),
        # Requests that it has begun wait for it.
        Limits(errors=True, after_seconds=5.0, wait_seconds=STOPPED_SECONDS + 5),
        STOPPED_SECONDS,
    ),
    Fault("kill the worker", "worker", kill(Part.WORKER), NOTHING_SEEN),
    Fault("kill a worker's process", "worker", kill(Part.WORKER_PROCESS), NOTHING_SEEN),
    Fault("stop the worker", "worker", stop(Part.WORKER, all_of_it=True), NOTHING_SEEN, 10),
    Fault("kill the urgent worker", "urgent", kill(Part.URGENT_WORKER), NOTHING_SEEN),
    Fault("stop the urgent worker", "urgent", stop(Part.URGENT_WORKER), NOTHING_SEEN, 10),
    Fault("kill the mailer", "mailer", kill(Part.MAILER), NOTHING_SEEN),
    Fault("stop the mailer", "mailer", stop(Part.MAILER), NOTHING_SEEN, STOPPED_SECONDS),
    Fault("kill the scheduler", "scheduler", kill(Part.SCHEDULER), NOTHING_SEEN),
    Fault("stop the scheduler", "scheduler", stop(Part.SCHEDULER), NOTHING_SEEN, STOPPED_SECONDS),
    Fault("kill the broker", "broker", kill(Part.BROKER), NOTHING_SEEN),
    Fault("stop the broker", "broker", stop(Part.BROKER), NOTHING_SEEN, STOPPED_SECONDS),
    Fault("kill the database", "database", kill(Part.DATABASE), DATABASE_GONE),
    Fault("kill a backend", "database", kill(Part.BACKEND), DATABASE_GONE),
    Fault(
        "stop the database",
        "database",
        stop(Part.DATABASE, all_of_it=True),
        DATABASE_GONE,
        STOPPED_SECONDS,
    ),
    Fault("lock events", "locks", lock_events, NOTHING_SEEN, STOPPED_SECONDS),
    # What they were doing is answered by an error: it may have been done or not.
    Fault("cut the connections", "database", cut_connections, DATABASE_GONE),
    Fault("take all connections", "database", take_all_connections, NOTHING_SEEN, STOPPED_SECONDS),
    Fault("kill the log relay", "log", kill(Part.LOG), NOTHING_SEEN),
    Fault("kill everything", "everything", kill_everything, WEB_GONE),
    *(
        Fault(f"mail server {mode}", "mail", misbehave(mode), MAIL_FAULT, STOPPED_SECONDS)
        for mode in mail_server.MODES
    ),
)
