"""Signs of life of worker, mailer and scheduler, kept in the broker: all machines see them.

Ages are by the broker's clock, since those of several machines may differ. A broker that is down or
empty costs these signs only; the next ones replace them.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import redis
import structlog
from celery import signals
from django.conf import settings

from evently.redis_client import redis_client

# Hashes of name to time (seconds since 1970).
SEEN = "evently:seen"
SENT = "evently:periodic:sent"
SUCCEEDED = "evently:periodic:succeeded"
# The last check of the seat ledger: "at" and "mismatches".
LEDGER = "evently:ledger"

WORKER = "worker"
# Of the tasks that cannot wait (evently.settings.background).
URGENT_WORKER = "urgent-worker"
MAILER = "mailer"
SCHEDULER = "scheduler"
# The scheduler that has the lease; others stand by.
LEADER = "scheduler-leader"
KINDS = (WORKER, URGENT_WORKER, MAILER, SCHEDULER)

BEAT_SECONDS = 5.0
# Longer without a sign: dead, or as good as dead.
DEAD_SECONDS = 30.0
FORGOTTEN_SECONDS = 24 * 3600.0

_NOTE = """
    local now = redis.call('TIME')
    redis.call('HSET', KEYS[1], ARGV[1], now[1] .. '.' .. string.format('%06d', now[2]))
"""

log = structlog.get_logger(__name__)
_last_beat: dict[str, float] = {}


def note(hash_name: str, field: str) -> None:
    """Store the current time; a broker that does not answer is only logged."""
    try:
        with redis_client(timeout_seconds=1) as client:
            client.eval(_NOTE, 1, hash_name, field)
    except redis.RedisError as error:
        log.warning("heartbeat_not_stored", name=field, error=type(error).__name__)


def beat(name: str) -> None:
    """Show that a process is alive, every few seconds at most. name: such as "worker:a@host"."""
    now = time.monotonic()
    if now - _last_beat.get(name, -BEAT_SECONDS) >= BEAT_SECONDS:
        _last_beat[name] = now
        note(SEEN, name)


def note_ledger(*, mismatches: int) -> None:
    """Store the result of a check of the seat ledger. Raises RedisError."""
    with redis_client(timeout_seconds=1) as client:
        now = client.time()[0]
        client.hset(LEDGER, mapping={"at": now, "mismatches": mismatches})


def forget(name: str) -> None:
    """Remove the signs of a process that ends as it should."""
    try:
        with redis_client(timeout_seconds=1) as client:
            client.hdel(SEEN, name)
    except redis.RedisError as error:
        log.warning("heartbeat_not_removed", name=name, error=type(error).__name__)


@dataclass(frozen=True)
class Signs:
    """What the broker knows, in one answer. Ages are in seconds, by name."""

    seen: Mapping[str, float]
    succeeded: Mapping[str, float]
    queues: Mapping[str, int]
    ledger: Mapping[str, str]
    now: float

    def ages_of(self, kind: str) -> dict[str, float]:
        """Return the ages of the processes of a kind, such as WORKER."""
        return {name: age for name, age in self.seen.items() if name.split(":")[0] == kind}


def read_signs() -> Signs:
    """Return all signs. Raises RedisError."""
    queues = [queue.name for queue in settings.CELERY_TASK_QUEUES]
    with redis_client(timeout_seconds=0.5) as client:
        pipeline = client.pipeline(transaction=False)
        pipeline.time()
        for name in (SEEN, SUCCEEDED, LEDGER):
            pipeline.hgetall(name)
        for queue in queues:
            pipeline.llen(queue)
        (seconds, micros), seen, succeeded, ledger, *lengths = pipeline.execute()
    now = seconds + micros / 1e6
    return Signs(
        seen={name: age for name, age in _ages(seen, now).items() if age < FORGOTTEN_SECONDS},
        succeeded=_ages(succeeded, now),
        queues=dict(zip(queues, lengths, strict=True)),
        ledger={name.decode(): value.decode() for name, value in ledger.items()},
        now=now,
    )


def _ages(times: Mapping[bytes, bytes], now: float) -> dict[str, float]:
    return {name.decode(): max(now - float(at), 0.0) for name, at in times.items()}


def periods() -> dict[str, float]:
    """Return the period of each periodic task in seconds, by the task's name."""
    return {
        entry["task"]: float(entry["schedule"]) for entry in settings.CELERY_BEAT_SCHEDULE.values()
    }


# ── Workers ─────────────────────────────────────────────────────────────────
@signals.heartbeat_sent.connect(weak=False)
def _worker_is_alive(sender: Any = None, **kwargs: Any) -> None:
    beat(_name_of_worker(sender.eventer.hostname))


@signals.worker_shutdown.connect(weak=False)
def _worker_ends(sender: Any = None, **kwargs: Any) -> None:
    forget(_name_of_worker(sender.hostname))


def _name_of_worker(hostname: str) -> str:
    """Return the name of a worker's signs. hostname: Celery's name for it."""
    kind = URGENT_WORKER if hostname.startswith(URGENT_WORKER) else WORKER
    return f"{kind}:{hostname}"


@signals.task_postrun.connect(weak=False)
def _periodic_task_succeeded(task: Any = None, state: str = "", **kwargs: Any) -> None:
    request = getattr(task, "request", None)
    if state != "SUCCESS" or request is None or request.called_directly or request.is_eager:
        return
    if task.name in periods():
        note(SUCCEEDED, task.name)
