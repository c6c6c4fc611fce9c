"""Carrying out retention rules: one run at a time for each rule, batch by batch."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from django.db import connection

from evently.audit.context import one_act
from evently.errors import DomainError
from evently.lifecycle.failures import ColdFileDamaged, ColdStorageUnreachable
from evently.lifecycle.registry import Rule
from evently.metrics import lifecycle_rows, sweep_failures

log = structlog.get_logger(__name__)


@dataclass
class Outcome:
    """What a run of one rule did. rows: moved or deleted. left: more is due, but time was over.

    busy: another run is at this rule. error: the name of what went wrong; "" if nothing did.
    reason: a sentence for who runs Evently, where there is one.
    """

    rule: Rule
    rows: int = 0
    batches: int = 0
    left: bool = False
    busy: bool = False
    error: str = ""
    reason: str = ""


@contextmanager
def only_run(name: str) -> Iterator[bool]:
    """Hold the lock of a rule, as far as it is free; yields whether it was.

    It is the session's: it ends with the process, however that ends, and holds no transaction open.
    """
    key = f"evently:lifecycle:{name}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [key])
        ((is_mine,),) = cursor.fetchall()
    try:
        yield is_mine
    finally:
        # A connection that broke has lost its lock already.
        if is_mine and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [key])


def run(
    rule: Rule,
    *,
    until: Callable[[], bool] = lambda: False,
    progress: Callable[[Outcome], None] = lambda outcome: None,
) -> Outcome:
    """Do what is due by one rule, until nothing is, or `until` says that the time is over.

    progress: is told after each batch. A failure ends this rule, is logged, and is in the outcome;
    what was committed before stays.
    """
    outcome = Outcome(rule)
    if rule.work is None:
        return outcome
    with only_run(rule.name) as is_mine:
        if not is_mine:
            outcome.busy = True
            return outcome
        try:
            with one_act():
                for rows in rule.work():
                    outcome.rows += rows
                    outcome.batches += 1
                    lifecycle_rows.labels(rule.name).inc(rows)
                    progress(outcome)
                    if until():
                        outcome.left = True
                        break
        except (ColdFileDamaged, ColdStorageUnreachable) as failure:
            outcome.error, outcome.reason = failure.code, failure.text
            log.error(failure.code, rule=rule.name, problem=failure.text)
            sweep_failures.labels("lifecycle", failure.code).inc()
        except DomainError as refusal:
            outcome.error = refusal.code
            log.warning("lifecycle_refused", rule=rule.name, code=refusal.code)
            sweep_failures.labels("lifecycle", refusal.code).inc()
        except Exception as error:
            outcome.error = type(error).__name__
            log.exception("lifecycle_failed", rule=rule.name)
            sweep_failures.labels("lifecycle", "error").inc()
    if outcome.rows:
        log.info("lifecycle_done", rule=rule.name, rows=outcome.rows, left=outcome.left)
    return outcome
