"""Hand work to Celery after commit, without ever failing the request that stands.

What a lost task should have done, a sweep does: rows say what is due. So when the broker is down,
or hangs, handing over is skipped for a while instead of costing each request a time-out.
"""

import time
from functools import cache
from typing import Any

import structlog
from celery import Task, current_app
from django.conf import settings
from django.db import transaction
from kombu import Connection
from kombu.exceptions import OperationalError
from kombu.pools import ProducerPool, producers

from evently.circuit_breaker import CircuitBreaker

breaker = CircuitBreaker(least_pause_seconds=2.0)

log = structlog.get_logger(__name__)


def enqueue_on_commit(task: Task, *args: Any) -> None:
    """Enqueue a task once the transaction has committed; a lost one is left to the sweep."""
    transaction.on_commit(lambda: _publish(task, args), robust=True)


def _publish(task: Task, args: tuple[Any, ...]) -> None:
    if not breaker.lets_ask():
        return
    started = time.monotonic()
    try:
        with _impatient_producers().acquire(block=True, timeout=1) as producer:
            task.apply_async(args=args, producer=producer, retry=False, ignore_result=True)
    except (OperationalError, OSError) as error:
        breaker.failed(after_seconds=time.monotonic() - started)
        log.warning("enqueue_failed", task=task.name, error=type(error).__name__)
    else:
        breaker.answered()


def _impatient_producers() -> ProducerPool:
    """Return the pool of connections that give up quickly.

    Celery's own wait as long as a worker does for its next task, which no request may.
    """
    return producers[_impatient_connection(current_app.conf.broker_write_url)]


@cache
def _impatient_connection(url: str) -> Connection:
    """Return what the pool makes its connections after; describing it takes a millisecond."""
    return current_app.connection_for_write(
        url, transport_options=settings.PUBLISHER_TRANSPORT_OPTIONS
    )
