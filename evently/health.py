"""Whether Evently lives, whether it can work, and its numbers."""

import hmac
import ipaddress
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from threading import Lock
from typing import Any

import psycopg
import structlog
from django.conf import settings
from django.db import connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from evently import metrics
from evently.environment import env
from evently.redis_client import redis_client

DEADLINE_SECONDS = 1.2
FORWARDING_HEADERS = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")

log = structlog.get_logger(__name__)


def ask_database() -> None:
    """Connect afresh and ask for a number, beside the pool, which may be busy."""
    parameters: dict[str, Any] = connections["default"].get_connection_params()
    wanted = ("host", "port", "dbname", "user", "password", "sslmode", "target_session_attrs")
    chosen = {name: parameters[name] for name in wanted if name in parameters}
    with psycopg.connect(
        **chosen, connect_timeout=2, options="-c statement_timeout=1000", autocommit=True
    ) as connection:
        connection.execute("SELECT 1")


def ask_broker() -> None:
    """Ask the broker for a sign of life."""
    with redis_client(timeout_seconds=1) as client:
        client.ping()


def queue_length() -> float:
    """Return how many tasks wait in the broker."""
    with redis_client(timeout_seconds=0.5) as client:
        return float(sum(client.llen(queue.name) for queue in settings.CELERY_TASK_QUEUES))


metrics.gauge_on_scrape("evently_queue_tasks", "Background tasks waiting.", queue_length)


class Probe:
    """Asks one part, never longer than the deadline, and never twice at a time."""

    def __init__(self, name: str, ask: Callable[[], None]) -> None:
        """Name the part; ask: raises when the part is down."""
        self.name = name
        self.ask = ask
        self._lock = Lock()
        self._executor: ThreadPoolExecutor | None = None
        self._running: Future[None] | None = None

    def begin(self) -> "Future[None]":
        """Join the question under way, or ask anew."""
        with self._lock:
            if self._executor is None:
                # Made late: gunicorn forks after loading, and threads do not survive that.
                self._executor = ThreadPoolExecutor(1, thread_name_prefix=f"probe-{self.name}")
            if self._running is None or self._running.done():
                self._running = self._executor.submit(self.ask)
            return self._running

    def result(self, deadline: float) -> dict[str, Any]:
        """Return {"status": "ok" or "down", "ms": how long it took}, no reason, which may leak.

        deadline: on the monotonic clock.
        """
        started = time.monotonic()
        status = "ok"
        try:
            self.begin().result(timeout=max(deadline - started, 0.01))
        except TooSlow:
            status = "down"
            log.warning("not ready", part=self.name, error="no answer in time")
        except Exception as error:  # noqa: BLE001 - whatever it is, the part is down
            status = "down"
            log.warning("not ready", part=self.name, error=type(error).__name__)
        return {"status": status, "ms": round((time.monotonic() - started) * 1000, 1)}


PROBES = (Probe("database", ask_database), Probe("broker", ask_broker))


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer while the process lives."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Say whether database and broker answer; 503 while one does not."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    for probe in PROBES:
        probe.begin()
    parts = {probe.name: probe.result(deadline) for probe in PROBES}
    ready = all(part["status"] == "ok" for part in parts.values())
    return JsonResponse(
        {"status": "ok" if ready else "down", **parts}, status=200 if ready else 503
    )


def _is_loopback(request: HttpRequest) -> bool:
    """Return whether a process of this machine asks, and not a proxy for somebody else."""
    if any(header in request.META for header in FORWARDING_HEADERS):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _has_metrics_token(request: HttpRequest) -> bool:
    expected = env.str("METRICS_TOKEN", default="")
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())


@require_safe
@never_cache
def metrics_page(request: HttpRequest) -> HttpResponse:
    """Show the numbers to this machine, or to whoever brings METRICS_TOKEN."""
    if not (_is_loopback(request) or _has_metrics_token(request)):
        return HttpResponse(
            "Metrics are for this machine, or for a bearer of METRICS_TOKEN.\n",
            status=403,
            content_type="text/plain; charset=utf-8",
        )
    return HttpResponse(metrics.exposition(), content_type=CONTENT_TYPE_LATEST)
