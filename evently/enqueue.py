"""Hand work to Celery after commit, without ever failing the request that stands.

What a lost task should have done, a sweep does: rows say what is due. So when the broker is down,
handing over is skipped for a moment instead of costing each request a time-out.
"""

import time
from typing import Any

import structlog
from celery import Task
from django.db import transaction
from kombu.exceptions import OperationalError

PAUSE_AFTER_FAILURE_SECONDS = 2.0

log = structlog.get_logger(__name__)


class _Breaker:
    """Remembers, per process, that the broker did not answer just now."""

    paused_until = 0.0


def enqueue_on_commit(task: Task, *args: Any) -> None:
    """Enqueue a task once the transaction has committed; a lost one is left to the sweep."""
    transaction.on_commit(lambda: _publish(task, args), robust=True)


def _publish(task: Task, args: tuple[Any, ...]) -> None:
    if time.monotonic() < _Breaker.paused_until:
        return
    try:
        task.apply_async(args=args, retry=False, ignore_result=True)
    except (OperationalError, OSError) as error:
        _Breaker.paused_until = time.monotonic() + PAUSE_AFTER_FAILURE_SECONDS
        log.warning("enqueue_failed", task=task.name, error=type(error).__name__)
