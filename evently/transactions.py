"""Transactions: one durable transaction per operation, and violated constraints as errors."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import ClassVar, TypeVar

from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from psycopg import errors as pg

from evently.audit.context import one_act, stamp
from evently.errors import Busy, DomainError, NotFound
from evently.idempotency.keys import Idempotency, claim_key, store_answer

DEADLOCK_RETRIES = 3

Result = TypeVar("Result")


class EventBusy(Busy):
    """No lock on the event within the time-out: too many requests want the same event."""

    code = "event_busy"
    message = "This event is very busy right now. Please try again in a moment."


class ReferencedRowDeleted(NotFound):
    """The event or user was deleted while a row that refers to it was being written."""

    message = "This no longer exists."


class RetryTransaction(Exception):
    """What was read before the locks has changed meanwhile: run the work again from its start.

    refusal: what the caller gets when every retry ends like this.
    """

    refusal: ClassVar[type[DomainError]] = EventBusy


TIMED_OUT = (pg.LockNotAvailable, pg.QueryCanceled)
# PostgreSQL resolves a deadlock by aborting one of the transactions; run again, it succeeds.
RETRYABLE = (pg.DeadlockDetected, pg.SerializationFailure, RetryTransaction)


# Refusals of triggers that check at commit, after the work itself has ended, by constraint name.
_at_commit: dict[str, type[DomainError]] = {}


def refuse_at_commit(**refusals: type[DomainError]) -> None:
    """Let a violation at commit, named by keyword, become its refusal in all transactions."""
    _at_commit.update(refusals)


def run_in_transaction(
    work: Callable[[], Result], *, idempotency: Idempotency | None = None
) -> Result:
    """Run work in one durable transaction, and run it again after a deadlock.

    idempotency: a key; a repeated request raises `Replayed` with the first answer instead of doing
    the work again.
    Raises EventBusy when a lock is not acquired in time, or after three retries;
    ReferencedRowDeleted when a row that the new rows refer to was deleted meanwhile.
    """

    def attempt() -> Result:
        # durable: an outer transaction could still roll back what callers take as committed, and a
        # deadlock aborts the whole transaction, so only the outermost can be retried.
        with one_act(), transaction.atomic(durable=True):
            stamp(connection)  # who acts, for the audit triggers
            if idempotency is not None:
                claim_key(idempotency)
            result = work()
            if idempotency is not None:
                # Stored with the work: a refusal rolls both back and leaves the key unused.
                store_answer(idempotency, result)
        return result

    return _retrying(attempt)


def run_in_statement(work: Callable[[], Result]) -> Result:
    """Run work of which only the last statement writes, a transaction of its own.

    That statement sets who acts (`evently.audit.context.facts_for`). Otherwise as
    `run_in_transaction`: the work is run again after a deadlock, and the same errors are raised.
    """

    def attempt() -> Result:
        # In a test's transaction, as a savepoint; in any other, this refuses to run.
        inside = connection.in_atomic_block
        with one_act(), transaction.atomic(durable=True) if inside else nullcontext():
            return work()

    return _retrying(attempt)


def _retrying(attempt: Callable[[], Result]) -> Result:
    """Attempt a transaction, up to three times more where others are in its way."""
    for number in range(DEADLOCK_RETRIES + 1):
        try:
            return attempt()
        except IntegrityError as error:
            refusal = _refusal_at_commit(error)
            if refusal is None:
                raise
            raise refusal from error
        except (OperationalError, RetryTransaction) as error:
            cause = error if isinstance(error, RetryTransaction) else error.__cause__
            if isinstance(cause, TIMED_OUT):
                # The caller has waited long enough already.
                raise EventBusy from error
            if not isinstance(cause, RETRYABLE):
                raise
            if number == DEADLOCK_RETRIES:
                raise getattr(error, "refusal", EventBusy) from error
            # Two transactions that collided, retried at once, would collide again: wait a little,
            # for a random time, longer with each attempt.
            time.sleep(random.uniform(0.01, 0.05) * (number + 1))
    raise AssertionError("unreachable")


@contextmanager
def signed_transaction() -> Iterator[None]:
    """Run the block in a transaction that says who acts, or in the caller's.

    For tasks that write a few statements to tables of which the audit log has what is unsigned.
    """
    with transaction.atomic(savepoint=False):
        stamp(connection)
        yield


def _refusal_at_commit(error: IntegrityError) -> type[DomainError] | None:
    """Return the refusal of a violation that came at commit, after the work itself succeeded."""
    registered = _at_commit.get(violated_constraint(error) or "")
    if registered is not None:
        return registered
    # Foreign keys are checked at commit (evently.database.sql).
    return ReferencedRowDeleted if isinstance(error.__cause__, pg.ForeignKeyViolation) else None


@contextmanager
def refusing(**refusals: type[DomainError | RetryTransaction]) -> Iterator[None]:
    """Turn a violation of a constraint, named by keyword, into its refusal; let others through.

    As in `with refusing(trg_seats_available=SoldOut): …`. Triggers raise under constraint names,
    too. PostgreSQL has aborted the transaction by then, so the refusal has to leave it.
    """
    try:
        yield
    except DatabaseError as error:
        name = violated_constraint(error)
        if name is not None and name in refusals:
            raise refusals[name] from error
        raise


def violated_constraint(error: BaseException) -> str | None:
    """Return the constraint that a database error names, or None."""
    cause = error.__cause__
    return cause.diag.constraint_name if isinstance(cause, pg.Error) else None
