"""The nightly task that carries out all retention rules."""

import time
from collections.abc import Callable

import structlog
from celery import shared_task
from django.conf import settings

from evently.database.clock import now
from evently.lifecycle.registry import rules
from evently.lifecycle.running import run

# Below CELERY_TASK_SOFT_TIME_LIMIT, with room for the longest batch.
SECONDS_AT_ONCE = 120.0

log = structlog.get_logger(__name__)


class LifecycleIncomplete(Exception):
    """Some rules failed; the log has why. What they committed stays, and they go on next night."""


@shared_task
def begin_night() -> None:
    """Start the night's run, in the hour of LIFECYCLE_HOUR (UTC)."""
    if now().hour == settings.LIFECYCLE_HOUR:
        carry_out.delay()


@shared_task
def carry_out(after: str = "") -> None:
    """Carry out the rules, for a while; what is left is a task of its own.

    after: the rule that the former task ended with, as far as that was done.
    Raises LifecycleIncomplete after all rules, so that the task counts as failed.
    """
    end = time.monotonic() + SECONDS_AT_ONCE
    failed, rest = work_through(after, until=lambda: time.monotonic() > end)
    if rest is not None:
        carry_out.delay(rest)
    if failed:
        raise LifecycleIncomplete(", ".join(failed))


def work_through(after: str, *, until: Callable[[], bool]) -> tuple[list[str], str | None]:
    """Run the rules behind `after`; return those that failed, and where to go on, or None."""
    names = [rule.name for rule in rules()]
    start = names.index(after) + 1 if after in names else 0
    failed: list[str] = []
    done = after
    for rule in rules()[start:]:
        if until():
            return failed, done
        outcome = run(rule, until=until)
        if outcome.error:
            failed.append(rule.name)
        if outcome.left:
            return failed, done
        done = rule.name
    return failed, None
