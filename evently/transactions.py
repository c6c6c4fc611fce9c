"""Transactions: one durable one per entry operation, and refusals out of violated constraints."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar, TypeVar

from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from psycopg import errors as pg

from evently.audit.context import stamp
from evently.errors import Busy, DomainError, NotFound
from evently.idempotency.keys import Idempotency, claim, keep

DEADLOCK_RETRIES = 3

Result = TypeVar("Result")


class EventBusy(Busy):
    """No lock within the time-out: very many people want the same event."""

    code = "event_busy"
    message = "Very many people are booking this event right now. Please try again in a moment."


class ReferencedRowDeleted(NotFound):
    """The event or person was deleted while this was being written."""

    message = "This is no longer here. Somebody has just deleted it."


class RetryTransaction(Exception):
    """What was read before the locks has changed meanwhile: do the work again from its start.

    refusal: what the caller gets when every retry ends like this.
    """

    refusal: ClassVar[type[DomainError]] = EventBusy


def run_in_transaction(
    work: Callable[[], Result], *, idempotency: Idempotency | None = None
) -> Result:
    """Run work in one durable transaction, and run it again after a deadlock.

    The transaction first says who acts (for the audit trail). idempotency: a key; a
    repeated request raises `Replayed` with the first answer instead of doing the work again.
    Raises EventBusy when a lock is not had in time, or after three deadlocks;
    ReferencedRowDeleted when a row that the new rows refer to was deleted meanwhile, which a
    foreign key reports at commit only.
    """
    for attempt in range(DEADLOCK_RETRIES + 1):
        try:
            with transaction.atomic(durable=True):
                stamp(connection)
                if idempotency is not None:
                    claim(idempotency)
                result = work()
                if idempotency is not None:
                    keep(idempotency, result)
            return result
        except IntegrityError as error:
            if isinstance(error.__cause__, pg.ForeignKeyViolation):
                raise ReferencedRowDeleted from error
            raise
        except (OperationalError, RetryTransaction) as error:
            cause = error if isinstance(error, RetryTransaction) else error.__cause__
            if isinstance(cause, pg.LockNotAvailable | pg.QueryCanceled):
                raise EventBusy from error
            if not isinstance(
                cause, pg.DeadlockDetected | pg.SerializationFailure | RetryTransaction
            ):
                raise
            if attempt == DEADLOCK_RETRIES:
                raise getattr(error, "refusal", EventBusy) from error
            # Jitter only, nothing secret: two that collided should not collide again.
            time.sleep(random.uniform(0.01, 0.05) * (attempt + 1))
    raise AssertionError("unreachable")


@contextmanager
def refusing(**refusals: type[DomainError | RetryTransaction]) -> Iterator[None]:
    """Turn a violated constraint, named by keyword, into its refusal; let others through."""
    try:
        yield
    except (IntegrityError, DatabaseError) as error:
        name = violated_constraint(error)
        if name is not None and name in refusals:
            raise refusals[name] from error
        raise


def violated_constraint(error: BaseException) -> str | None:
    """Return the name of the constraint that a database error names, if it names one."""
    cause = error.__cause__
    return cause.diag.constraint_name if isinstance(cause, pg.Error) else None
