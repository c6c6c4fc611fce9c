"""Everything that a measurement runs: Evently as in production, a mail server, a bare server."""

import base64
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django
import psycopg

from bench.stage.cpu import WEB, CpuMeter
from bench.stage.smtp_sink import Sink
from evently.embedded.processes import choose_port
from evently.environment import BASE_DIR
from evently.tests.running import NOT_INHERITED, Running, home_for_tests, wait_for

FUNCTIONS = BASE_DIR / "bench" / "bare" / "functions.sql"


@dataclass
class Servers:
    """Running servers. database: a connection of the database's owner, which no meter counts."""

    evently: Running
    bare_port: int
    sink: Sink
    database: "psycopg.Connection[Any]"
    broker: Any
    cpu: CpuMeter

    @property
    def port(self) -> int:
        return self.evently.port

    @property
    def host(self) -> str:
        """The Host header of Evently's requests."""
        return f"127.0.0.1:{self.port}"


def production(port: int, mail_port: int) -> dict[str, str]:
    """Return the environment of an Evently in production, without limits on one machine's rate."""
    return {
        "DEBUG": "false",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "EVENTLY_DIGEST_KEY": secrets.token_urlsafe(48),
        "EVENTLY_PII_KEYS": f"bench:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "EMAIL_URL": f"smtp://127.0.0.1:{mail_port}",
        "DEFAULT_FROM_EMAIL": "Evently <tickets@example.org>",
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "API_RATE_PER_MINUTE": "1000000",
        "GUESTS_PER_HOUR": "1000000",
    }


@contextmanager
def evently_running(environment: dict[str, str], home: Path, port: int) -> Iterator[Running]:
    """Run all of Evently on a database of its own, started as `script/server` does.

    This sets up Django in this process too, with the same database and keys.
    """
    running = Running(home, more=environment, port=port).start()
    try:
        running.await_ready()
        # The environment may name another database; use that of the servers.
        for name in NOT_INHERITED:
            os.environ.pop(name, None)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evently.settings")
        os.environ.update(environment | {"EVENTLY_HOME": str(home), "PORT": str(port)})
        django.setup()
        yield running
    finally:
        running.end(signal.SIGTERM)


@contextmanager
def bare_server(environment: dict[str, str]) -> Iterator[tuple[int, int]]:
    """Run the bare views on the same database; yield their port and process."""
    port = choose_port(None, taken=set())
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "--config", "python:bench.bare.gunicorn_conf"),
            *("--bind", f"127.0.0.1:{port}", "bench.bare.wsgi:application"),
        ],
        cwd=BASE_DIR,
        env=environment,
    )
    try:
        probe = Running(Path("/nowhere"), port=port)
        if not wait_for(lambda: process.poll() is not None or probe.get("/wsgi")[0] == 200):
            raise SystemExit("The bare server did not start.")
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


@contextmanager
def everything_running() -> Iterator[Servers]:
    """Run Evently, a mail server that accepts everything, and the bare server."""
    from evently.redis_client import redis_client
    from evently.supervisor.options import web_threads

    port = choose_port(None, taken=set())
    sink = Sink()
    environment = production(port, sink.port)
    try:
        with (
            home_for_tests(started_before=True) as home,
            evently_running(environment, home, port) as running,
            running.database() as database,
            bare_server({**os.environ, "DATABASE_POOL_MAX_SIZE": str(web_threads() + 1)}) as (
                bare_port,
                bare_pid,
            ),
        ):
            database.execute(FUNCTIONS.read_text())
            cpu = CpuMeter(running.process.pid, others={bare_pid: WEB})
            cpu.leave_out(database.info.backend_pid)
            broker = redis_client(timeout_seconds=5)
            yield Servers(running, bare_port, sink, database, broker, cpu)
    finally:
        sink.close()
