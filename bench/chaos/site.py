"""What a run of chaos works on: a whole Evently in production, a mail server, people."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import redis

from bench.chaos.mail_server import FaultySink
from bench.chaos.parts import Part, processes_of
from bench.stage.servers import FUNCTIONS, evently_running, production
from evently.embedded.processes import choose_port
from evently.tests.running import Running, home_for_tests, wait_for
from evently.tests.running import processes_of as leftovers_of

if TYPE_CHECKING:
    from bench.people import Person

BACK_SECONDS = 120
OWNER = "evently_owner"
# What a site needs to be whole; of workers' processes and backends there may be none.
NEEDED = (
    Part.WEB,
    Part.WEB_WORKER,
    Part.WORKER,
    Part.URGENT_WORKER,
    Part.MAILER,
    Part.SCHEDULER,
    Part.BROKER,
    Part.DATABASE,
)


@dataclass
class Site:
    """Everything that runs. people: those who visit; organizer: of all events. With tokens."""

    evently: Running
    mail: FaultySink
    people: list["Person"]
    organizer: "Person"
    # Of workers that were killed in earlier rounds.
    abandoned_tasks: int = 0

    @property
    def port(self) -> int:
        return self.evently.port

    def processes(self, part: Part) -> list[int]:
        return processes_of(self.evently.process.pid, part)

    def database(self, *, role: str = OWNER) -> "psycopg.Connection[Any]":
        """Return a connection, by default as the owner. Raises psycopg.OperationalError."""
        return self.evently.database(role)

    def database_answers(self) -> bool:
        try:
            self.database().close()
        except psycopg.OperationalError:
            return False
        return True

    def broker(self) -> "redis.Redis":
        from evently.redis_client import redis_client

        return redis_client(timeout_seconds=2)

    def broker_answers(self) -> bool:
        broker = self.broker()
        try:
            return bool(broker.ping())
        except redis.RedisError:
            return False
        finally:
            broker.close()

    def web_answers(self) -> bool:
        return self.evently.get("/healthz")[0] == 200

    def is_whole(self) -> bool:
        return (
            all(self.processes(part) for part in NEEDED)
            and self.database_answers()
            and self.broker_answers()
            and self.evently.get("/readyz")[0] == 200
        )

    def await_whole(self) -> float:
        """Wait until every part runs and answers; return the seconds. Raises SystemExit."""
        started = time.monotonic()
        if not wait_for(self.is_whole, BACK_SECONDS):
            missing = [str(part) for part in NEEDED if not self.processes(part)]
            raise SystemExit(f"Evently is not whole after {BACK_SECONDS} s; missing: {missing}")
        return time.monotonic() - started


@contextmanager
def running_site(*, people: int) -> Iterator[Site]:
    """Run a whole Evently on free ports, with an empty database; leave nothing running."""
    port = choose_port(None, taken=set())
    mail = FaultySink()
    try:
        with (
            home_for_tests(started_before=True) as home,
            _running(home, port, mail) as running,
        ):
            # Imports models, for which Django must be set up.
            from bench.people import create_organizer, create_people

            with running.database() as database:
                database.execute(FUNCTIONS.read_text())
            visitors = create_people(people, prefix="chaos", logged_in=True)
            site = Site(running, mail, visitors, create_organizer())
            site.await_whole()
            yield site
    finally:
        mail.close()


@contextmanager
def _running(home: Path, port: int, mail: FaultySink) -> Iterator[Running]:
    found: Running | None = None
    try:
        with evently_running(production(port, mail.port), home, port) as found:
            try:
                yield found
            finally:
                # Where a fault was not ended.
                for pid in leftovers_of(home):
                    os.kill(pid, signal.SIGCONT)
    finally:
        if found is not None:
            found.kill_everything()
