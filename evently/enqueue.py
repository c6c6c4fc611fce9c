"""Hand tasks to Celery after commit, without failing or delaying the request.

A lost task costs delay only: rows say what is due, and a periodic task finds them. So while the
broker is down or hangs, enqueueing is skipped (`CircuitBreaker`) instead of costing every request
a time-out.
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

breaker = CircuitBreaker(min_pause_seconds=2.0)

log = structlog.get_logger(__name__)


def enqueue_on_commit(task: Task, *args: Any) -> None:
    """Enqueue a task once the transaction has committed; a periodic task replaces a lost one."""
    # robust: the transaction stands, so whatever goes wrong here must not turn the request into an
    # error, nor keep later callbacks from running.
    transaction.on_commit(lambda: _publish(task, args), robust=True)


def _publish(task: Task, args: tuple[Any, ...]) -> None:
    if not breaker.allows_request():
        return
    started = time.monotonic()
    try:
        with _publisher_pool().acquire(block=True, timeout=1) as producer:
            task.apply_async(args=args, producer=producer, retry=False, ignore_result=True)
    except (OperationalError, OSError) as error:
        breaker.record_failure(after_seconds=time.monotonic() - started)
        log.warning("enqueue_failed", task=task.name, error=type(error).__name__)
    else:
        breaker.record_success()


def _publisher_pool() -> ProducerPool:
    """Return the pool of connections with short time-outs.

    Celery's own connections wait as long as a worker may for its next task, too long for a request.
    """
    return producers[_publisher_connection(current_app.conf.broker_write_url)]


@cache
def _publisher_connection(url: str) -> Connection:
    """Return the template of the pool's connections; cached, as building it takes a millisecond."""
    return current_app.connection_for_write(
        url, transport_options=settings.PUBLISHER_TRANSPORT_OPTIONS
    )
