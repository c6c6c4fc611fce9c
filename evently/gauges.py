"""The platform's gauges: queues, worker and scheduler, periodic tasks, connection pools."""

import math
import threading
import time
from collections.abc import Iterable

from django.conf import settings
from django.db import connections
from prometheus_client.metrics_core import Metric

from evently import heartbeats, metrics
from evently.database.replicas import Replica, is_configured, lag, reachable
from evently.heartbeats import Signs

POOL_SECONDS = 2.0


def read_background() -> Iterable[Metric]:
    """Return what the broker knows of background work, from one look."""
    signs = heartbeats.read_signs()
    workers = signs.ages_of(heartbeats.WORKER)
    urgent = signs.ages_of(heartbeats.URGENT_WORKER)
    mailers = signs.ages_of(heartbeats.MAILER)
    schedulers = signs.ages_of(heartbeats.SCHEDULER)
    yield metrics.gauge(
        "evently_queue_tasks",
        "Background tasks waiting in the broker.",
        {name: float(length) for name, length in signs.queues.items()},
        label="queue",
    )
    yield metrics.gauge("evently_workers", "Workers that are alive.", _alive(workers))
    yield metrics.gauge(
        "evently_urgent_workers",
        "Workers of the tasks that cannot wait, such as expiring offers, that are alive.",
        _alive(urgent),
    )
    yield metrics.gauge("evently_mailers", "Mailers that are alive.", _alive(mailers))
    yield metrics.gauge(
        "evently_schedulers", "Schedulers that are alive; one sends.", _alive(schedulers)
    )
    yield metrics.gauge(
        "evently_worker_heartbeat_age_seconds",
        "Time since a worker was last seen alive.",
        min(workers.values(), default=math.inf),
    )
    yield metrics.gauge(
        "evently_mailer_heartbeat_age_seconds",
        "Time since a mailer was last seen alive.",
        min(mailers.values(), default=math.inf),
    )
    yield metrics.gauge(
        "evently_scheduler_heartbeat_age_seconds",
        "Time since the scheduler that sends was last seen alive.",
        signs.seen.get(heartbeats.LEADER, math.inf),
    )
    yield metrics.gauge(
        "evently_periodic_task_lag_seconds",
        "How long a periodic task is overdue: time since its last success, less its period.",
        lags(signs),
        label="task",
    )
    yield from _ledger(signs)


def lags(signs: Signs) -> dict[str, float]:
    """Return how long each periodic task is overdue in seconds, 0 for one in time.

    One that never succeeded is overdue without end.
    """
    return {
        task: max(signs.succeeded.get(task, math.inf) - period, 0.0)
        for task, period in heartbeats.periods().items()
    }


def _alive(ages: dict[str, float]) -> float:
    return float(sum(age < heartbeats.DEAD_SECONDS for age in ages.values()))


def _ledger(signs: Signs) -> Iterable[Metric]:
    if "mismatches" in signs.ledger:
        yield metrics.gauge(
            "evently_ledger_mismatches",
            "Events whose capacity is not the sum of available, booked and held seats, at the last "
            "check.",
            float(signs.ledger["mismatches"]),
        )
        yield metrics.gauge(
            "evently_ledger_check_age_seconds",
            "Time since the seats of all events were last checked.",
            max(signs.now - float(signs.ledger["at"]), 0.0),
        )


metrics.collect_on_scrape(read_background)


def read_replicas() -> Iterable[Metric]:
    """Return whether the replicas answer, and how far they are behind."""
    used = {replica: reachable(replica) == replica for replica in Replica if is_configured(replica)}
    yield metrics.gauge(
        "evently_replica_up",
        "Whether a replica answers: 0 while the database itself is read instead.",
        {replica.value: float(answers) for replica, answers in used.items()},
        label="replica",
    )
    behind = {replica.value: lag(replica) for replica in used}
    yield metrics.gauge(
        "evently_replica_lag_seconds",
        "Time since the last change that a replica has carried out was made.",
        {name: age.total_seconds() for name, age in behind.items() if age is not None},
        label="replica",
    )


metrics.collect_on_scrape(read_replicas)


# ── Connection pools ────────────────────────────────────────────────────────
def watch_pool() -> None:
    """Count this web process's connections every two seconds, in a thread of its own."""
    if not settings.DATABASE_POOL_MAX_SIZE:
        return
    threading.Thread(target=_watch_pool, name="pool-watch", daemon=True).start()


def _watch_pool() -> None:
    seen: dict[str, int] = {}
    while True:
        record_pool(connections["default"].pool.get_stats(), seen)  # type: ignore[attr-defined]
        time.sleep(POOL_SECONDS)


def record_pool(stats: dict[str, int], seen: dict[str, int]) -> None:
    """Store what a pool reports. seen: its counts of the time before, which are replaced."""
    size, idle = stats.get("pool_size", 0), stats.get("pool_available", 0)
    metrics.pool_connections.labels("used").set(size - idle)
    metrics.pool_connections.labels("idle").set(idle)
    metrics.pool_limit.set(stats.get("pool_max", 0))
    metrics.pool_waiting.set(stats.get("requests_waiting", 0))
    failed = stats.get("requests_errors", 0)
    metrics.pool_timeouts.inc(max(failed - seen.get("requests_errors", 0), 0))
    seen["requests_errors"] = failed
