"""Periodic tasks over many rows, where a failure with one must not affect the others."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import structlog

from evently.errors import DomainError
from evently.metrics import sweep_failures

log = structlog.get_logger(__name__)


class SweepIncomplete(Exception):
    """Some rows failed because of a defect; the log has them one by one."""


def for_each_event(sweep: str, event_ids: Iterable[UUID], work: Callable[..., Any]) -> None:
    """Do the work for each event; one that fails stays due until the next run.

    sweep: the task's name in logs and metrics. work: takes `event_id`. A refusal (the event is
    busy, or was just deleted) is only logged.
    Raises SweepIncomplete after all events, so that the task counts as failed.
    """
    _for_each(sweep, event_ids, work, argument="event_id")


def for_each_user(sweep: str, user_ids: Iterable[UUID], work: Callable[..., Any]) -> None:
    """Do the work for each user, as `for_each_event` does; work takes `user_id`.

    Raises SweepIncomplete.
    """
    _for_each(sweep, user_ids, work, argument="user_id")


def for_each_export(sweep: str, export_ids: Iterable[UUID], work: Callable[..., Any]) -> None:
    """Do the work for each data export, as `for_each_event` does; work takes `export_id`.

    Raises SweepIncomplete.
    """
    _for_each(sweep, export_ids, work, argument="export_id")


def _for_each(sweep: str, ids: Iterable[UUID], work: Callable[..., Any], *, argument: str) -> None:
    failed = 0
    for id_ in ids:
        row = {argument: str(id_)}
        try:
            work(**{argument: id_})
        except DomainError as refusal:
            log.warning("sweep_passed_over", sweep=sweep, code=refusal.code, **row)
            sweep_failures.labels(sweep, refusal.code).inc()
        except Exception:
            failed += 1
            log.exception("sweep_failed", sweep=sweep, **row)
            sweep_failures.labels(sweep, "error").inc()
    if failed:
        raise SweepIncomplete(f"{sweep}: {failed} failed")
