"""Periodic tasks over many events, where a failure with one must not affect the others."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import structlog

from evently.errors import DomainError
from evently.metrics import sweep_failures

log = structlog.get_logger(__name__)


class SweepIncomplete(Exception):
    """Some events failed because of a defect; the log has them one by one."""


def for_each_event(sweep: str, event_ids: Iterable[UUID], work: Callable[..., Any]) -> None:
    """Do the work for each event; one that fails stays due until the next run.

    sweep: the task's name in logs and metrics. work: takes `event_id`. A refusal (the event is
    busy, or was just deleted) is only logged.
    Raises SweepIncomplete after all events, so that the task counts as failed.
    """
    failed = 0
    for event_id in event_ids:
        try:
            work(event_id=event_id)
        except DomainError as refusal:
            log.warning("sweep_passed_over", sweep=sweep, event_id=str(event_id), code=refusal.code)
            sweep_failures.labels(sweep, refusal.code).inc()
        except Exception:
            failed += 1
            log.exception("sweep_failed", sweep=sweep, event_id=str(event_id))
            sweep_failures.labels(sweep, "error").inc()
    if failed:
        raise SweepIncomplete(f"{sweep}: {failed} events failed")
