"""Metrics for Prometheus, exposed at `/metrics`.

Apps count through the helpers here. A number that the database or the broker knows is not counted
but read at each scrape: `gauge_on_scrape`.
"""

import os
from collections.abc import Callable, Iterable

import structlog
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

log = structlog.get_logger(__name__)

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


_on_scrape: dict[str, tuple[str, Callable[[], float]]] = {}


def gauge_on_scrape(name: str, documentation: str, read: Callable[[], float]) -> None:
    """Register a gauge; read: returns its value at each scrape, and has to be quick."""
    _on_scrape[name] = (documentation, read)


class _ScrapeCollector(Collector):
    """Reads the registered gauges; one that fails is left out."""

    def collect(self) -> Iterable[Metric]:
        for name, (documentation, read) in sorted(_on_scrape.items()):
            try:
                value = read()
            except Exception as error:  # noqa: BLE001 - the other gauges still count
                log.warning("gauge not readable", gauge=name, error=type(error).__name__)
                continue
            yield GaugeMetricFamily(name, documentation, value=value)


def exposition() -> bytes:
    """Return all metrics in Prometheus' text format, summed over all web processes."""
    registry = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(registry)
        counted = generate_latest(registry)
    else:
        counted = generate_latest(REGISTRY)
    gauges = CollectorRegistry()
    gauges.register(_ScrapeCollector())
    return counted + generate_latest(gauges)
