"""Metrics for Prometheus, exposed at `/metrics`.

Apps count through the helpers here. A number that the database or the broker knows is not counted
but read at each scrape: `gauge_on_scrape`.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import structlog
from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from evently import metrics_files
from evently.database.identity import as_worker
from evently.embedded import addresses

log = structlog.get_logger(__name__)

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

http_requests = Counter(
    "evently_http_requests_total", "HTTP requests, by status.", ["method", "route", "status"]
)
http_seconds = Histogram(
    "evently_http_request_seconds",
    "Duration of HTTP requests.",
    ["method", "route"],
    buckets=_BUCKETS,
)
tasks = Counter("evently_tasks_total", "Background tasks, by final state.", ["task", "state"])
task_seconds = Histogram(
    "evently_task_seconds", "Duration of background tasks.", ["task"], buckets=_BUCKETS
)
sweep_failures = Counter(
    "evently_sweep_failures_total",
    "Events that a periodic task could not process.",
    ["sweep", "reason"],
)
lifecycle_rows = Counter(
    "evently_lifecycle_rows_total",
    "Rows that a retention rule has moved or deleted.",
    ["rule"],
)
email_returns = Counter(
    "evently_email_returns_total",
    "Reports of what became of emails, by outcome; unknown: about none of the delivery log.",
    ["outcome"],
)
email_failures = Counter(
    "evently_email_failures_total",
    "Attempts to send an email that failed: the email is tried again, or was given up.",
    ["outcome"],
)
mail_server_down = Gauge(
    "evently_mail_server_down",
    "Whether a mailer waits, as no provider of emails answers.",
    multiprocess_mode="livemax",
)
pool_connections = Gauge(
    "evently_database_pool_connections",
    "Connections of all web processes to the database, by use.",
    ["state"],
    multiprocess_mode="livesum",
)
pool_limit = Gauge(
    "evently_database_pool_limit",
    "Connections that the pools of all web processes may have.",
    multiprocess_mode="livesum",
)
pool_waiting = Gauge(
    "evently_database_pool_waiting",
    "Requests that are waiting for a connection.",
    multiprocess_mode="livesum",
)
pool_timeouts = Counter(
    "evently_database_pool_timeouts_total", "Requests that did not get a connection in time."
)
booking_attempts = Counter(
    "evently_booking_attempts_total", "Booking attempts, by result.", ["result"]
)


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request; route: the name of its URL, not its path, which would be unbounded."""
    method = method if method in _METHODS else "other"
    route = route or "unknown"
    http_requests.labels(method, route, str(status)).inc()
    http_seconds.labels(method, route).observe(seconds)


def observe_task(name: str, state: str, seconds: float) -> None:
    tasks.labels(name, state).inc()
    task_seconds.labels(name).observe(seconds)


def count_booking_attempt(result: str) -> None:
    """Count an attempt to book; result: `confirmed`, `pending`, or the code of the error."""
    booking_attempts.labels(result).inc()


Values = float | Mapping[str, float]

_on_scrape: list[Callable[[], Iterable[Metric]]] = []


def gauge_on_scrape(name: str, documentation: str, read: Callable[[], float]) -> None:
    """Register a gauge; read: returns its value at each scrape, and has to be quick."""
    collect_on_scrape(lambda: [gauge(name, documentation, read())])


def collect_on_scrape(read: Callable[[], Iterable[Metric]]) -> None:
    """Register gauges that one quick look answers together. If it fails, they are left out."""
    _on_scrape.append(read)


def gauge(name: str, documentation: str, values: Values, *, label: str = "") -> Metric:
    """Return a gauge; with a label, values has one value for each of the label's."""
    if isinstance(values, Mapping):
        family = GaugeMetricFamily(name, documentation, labels=[label])
        for label_value, value in sorted(values.items()):
            family.add_metric([label_value], value)
        return family
    return GaugeMetricFamily(name, documentation, value=values)


class _ScrapeCollector(Collector):
    """Reads the registered gauges; what fails is left out."""

    def collect(self) -> Iterable[Metric]:
        for read in _on_scrape:
            try:
                with as_worker():  # counts over all rows, of nobody in particular
                    found = list(read())
            except Exception as error:  # noqa: BLE001 - the other gauges still count
                log.warning(
                    "gauges_not_readable", gauges=read.__module__, error=type(error).__name__
                )
                continue
            yield from found


class _CountedCollector(Collector):
    """Adds up what all processes of this EVENTLY_HOME have counted."""

    def collect(self) -> Iterable[Metric]:
        return metrics_files.collect(_folders())


def _folders() -> list[Path]:
    """Return the folders that processes count in: one for each `script/server` of this home."""
    own = Path(os.environ[FOLDER_VARIABLE])
    beside = addresses.home() / "metrics"
    return sorted(path for path in beside.iterdir()) if own.parent == beside else [own]


def exposition() -> bytes:
    """Return all metrics in Prometheus' text format, summed over all processes."""
    registry = CollectorRegistry()
    if os.environ.get(FOLDER_VARIABLE):
        registry.register(_CountedCollector())
        counted = generate_latest(registry)
    else:
        counted = generate_latest(REGISTRY)
    gauges = CollectorRegistry()
    gauges.register(_ScrapeCollector())
    return counted + generate_latest(gauges)
