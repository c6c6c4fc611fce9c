"""Liveness, readiness and metrics."""

import hmac
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from threading import Lock
from typing import Any

import psycopg
import redis
import structlog
from django.conf import settings
from django.db import connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST
from psycopg.conninfo import make_conninfo

from evently import heartbeats, metrics
from evently.configuration import is_this_machine
from evently.database import migrated
from evently.environment import env, host_of
from evently.origin import is_from_this_machine
from evently.redis_client import redis_client

DEADLINE_SECONDS = 1.2
MIGRATED_SECONDS = 30.0
MOST_NAMED = 5

log = structlog.get_logger(__name__)


def conninfo() -> str:
    """Return how to connect beside the pool, which may be exhausted while the database is up."""
    parameters: dict[str, Any] = connections["default"].get_connection_params()
    wanted = ("host", "port", "dbname", "user", "password", "sslmode", "target_session_attrs")
    chosen = {name: parameters[name] for name in wanted if name in parameters}
    return make_conninfo(**chosen, connect_timeout=2, options="-c statement_timeout=1000")


def connect() -> "psycopg.Connection[Any]":
    return psycopg.connect(conninfo(), autocommit=True)


def ping_database() -> None:
    with connect() as connection:
        connection.execute("SELECT 1")


class Unmigrated(Exception):
    """The database lacks migrations of this release. missing: their names."""

    def __init__(self, missing: list[str]) -> None:
        super().__init__(f"{len(missing)} migrations are missing")
        self.missing = missing


_migrated_until = 0.0


def look_for_migrations() -> None:
    """Raise Unmigrated if the database is behind; a good answer holds for half a minute."""
    global _migrated_until  # noqa: PLW0603 - one fact of the process
    if time.monotonic() < _migrated_until:
        return
    with connect() as connection:
        try:
            applied = connection.execute(migrated.APPLIED).fetchall()
        except psycopg.ProgrammingError:
            applied = []
    if missing := migrated.missing_among(applied):
        raise Unmigrated(missing)
    _migrated_until = time.monotonic() + MIGRATED_SECONDS


def ping_broker() -> None:
    with redis_client(timeout_seconds=1) as client:
        client.ping()


class Probe:
    """Checks one service, within a deadline, and never twice at a time.

    Requests that arrive while a check is running wait for its result.
    """

    def __init__(self, name: str, check: Callable[[], None]) -> None:
        """check: raises when the service is down."""
        self.name = name
        self.check = check
        self._lock = Lock()
        self._executor: ThreadPoolExecutor | None = None
        self._running: Future[None] | None = None
        self._last_status = "ok"

    def begin(self) -> "Future[None]":
        """Return the running check, or start a new one."""
        with self._lock:
            if self._executor is None:
                # Created on first use: gunicorn forks after loading, and threads do not survive it.
                self._executor = ThreadPoolExecutor(1, thread_name_prefix=f"probe-{self.name}")
            if self._running is None or self._running.done():
                self._running = self._executor.submit(self.check)
            return self._running

    def result(self, deadline: float) -> dict[str, Any]:
        """Return {"status": "ok", "behind" or "down", "ms": duration}; the log has the reason.

        "behind" comes with the names of missing migrations. deadline: on the monotonic clock.
        """
        started = time.monotonic()
        error = ""
        details: dict[str, Any] = {}
        try:
            self.begin().result(timeout=max(deadline - started, 0.01))
        except TooSlow:
            error = "no answer in time"
        except Unmigrated as behind:
            error = str(behind)
            details = {"missing": behind.missing[:MOST_NAMED], "missing_count": len(behind.missing)}
        except Exception as failure:  # noqa: BLE001 - whatever it is, the service is down
            error = type(failure).__name__
        status = "behind" if details else "down" if error else "ok"
        self._log_change(status, error)
        return {"status": status, "ms": round((time.monotonic() - started) * 1000, 1), **details}

    def _log_change(self, status: str, error: str) -> None:
        """Log when the service goes down or comes back: monitoring asks every few seconds."""
        with self._lock:
            changed = status != self._last_status
            self._last_status = status
        if not changed:
            log.debug("readiness", service=self.name, status=status)
        elif error:
            log.warning("not ready", service=self.name, error=error)
        else:
            log.info("ready again", service=self.name)


# Called for more lines of /readyz that do not decide whether this web server is ready: the name of
# each, and what returns it. Raises RedisError where the broker is down.
_more: dict[str, Callable[[], str]] = {}


def add_line(name: str, read: Callable[[], str]) -> None:
    """Add a line to /readyz; read: quick, from the broker."""
    _more[name] = read


PROBES = (
    Probe("database", ping_database),
    Probe("migrations", look_for_migrations),
    Probe("broker", ping_broker),
)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 while the process runs."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Report whether database and broker respond, and nothing is to be migrated; 503 otherwise.

    `background` says which other processes are alive, `email` whether the providers of emails
    answer; neither counts.
    """
    deadline = time.monotonic() + DEADLINE_SECONDS
    for probe in PROBES:
        probe.begin()
    services = {probe.name: probe.result(deadline) for probe in PROBES}
    ready = all(service["status"] == "ok" for service in services.values())
    answer = {"status": "ok" if ready else "down", **services}
    if services["broker"]["status"] == "ok":
        answer["background"] = background()
        answer |= _more_lines()
    return JsonResponse(answer, status=200 if ready else 503)


def background() -> dict[str, str]:
    """Return "ok" or "down" by kind of background process.

    Pages work without them, so they do not decide whether this web server is ready.
    """
    try:
        signs = heartbeats.read_signs()
    except redis.RedisError:
        return {}
    return {
        kind: "ok"
        if any(age < heartbeats.DEAD_SECONDS for age in signs.ages_of(kind).values())
        else "down"
        for kind in heartbeats.KINDS
    }


def _more_lines() -> dict[str, str]:
    try:
        return {name: read() for name, read in _more.items()}
    except redis.RedisError:
        return {}


def _is_local(request: HttpRequest) -> bool:
    """Return whether the request comes from this machine, and the site is behind no proxy.

    A proxy on this machine may add no header, so that its requests look local.
    """
    behind_proxy = settings.TRUSTED_PROXIES or not is_this_machine(host_of(settings.PUBLIC_URL))
    return not behind_proxy and is_from_this_machine(request)


def _has_metrics_token(request: HttpRequest) -> bool:
    expected = env.str("METRICS_TOKEN", default="")
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())


@require_safe
@never_cache
def metrics_page(request: HttpRequest) -> HttpResponse:
    """Show the metrics to requests with METRICS_TOKEN; without a proxy, to this machine too."""
    if not (_is_local(request) or _has_metrics_token(request)):
        return HttpResponse(
            "Metrics need METRICS_TOKEN as bearer token. Without it, only this machine gets them, "
            "and only where no proxy is in front of Evently.\n",
            status=403,
            content_type="text/plain; charset=utf-8",
        )
    return HttpResponse(metrics.exposition(), content_type=CONTENT_TYPE_LATEST)
