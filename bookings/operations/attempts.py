"""The log of refused booking attempts; successful ones are logged with the booking (`placing`)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django.db import DatabaseError, connection

from bookings.models import AttemptResult, BookingAttempt
from bookings.signals import refusal_unlogged
from evently.audit.context import facts_for
from evently.database.clock import now
from evently.database.identity import as_worker
from evently.database.ids import uuid7
from evently.database.prepared import execute_prepared
from evently.errors import DomainError
from evently.idempotency.keys import RequestInProgress
from evently.metrics import count_booking_attempt
from evently.origin import Origin
from evently.transactions import EventBusy, run_in_statement, run_in_transaction
from events.models import Event

LOG_REFUSAL = """
    SELECT evently_log_refusal(%s::text[], %s::uuid, %s::uuid, %s::bigint, %s::text, %s::inet,
        %s::text)
"""


log = structlog.get_logger(__name__)

BIGINT = 2**63


@dataclass
class Attempt:
    """An attempt to book. is_logged: whether its refusal is in the log already."""

    is_logged: bool = False


@contextmanager
def log_refused_attempt(
    *, event_id: UUID, user_id: UUID | None, quantity: int, origin: Origin
) -> Iterator[Attempt]:
    """Log the refusal that leaves the block, unless it is logged already, then let it through.

    It goes around `run_in_transaction`, not inside the transaction: the refusal rolls that back,
    and a row written in it would be lost. Of requests with one idempotency key, only the first is
    an attempt; the others, still running or replayed, are not logged.
    """
    attempt = Attempt()
    try:
        yield attempt
    except RequestInProgress:
        raise
    except DomainError as refusal:
        if attempt.is_logged:
            count_booking_attempt(refusal.code)
        else:
            log_refusal(
                event_id=event_id,
                user_id=user_id,
                quantity=quantity,
                code=refusal.code,
                origin=origin,
            )
        raise


@as_worker()
def log_refusal(
    *, event_id: UUID, user_id: UUID | None, quantity: int | None, code: str, origin: Origin
) -> None:
    """Log a refused attempt in a transaction of its own, after the attempt was rolled back.

    quantity: as requested, however invalid; None where it is not a number. An unknown event leaves
    no row. Where another session has locked the event's row, which the new row refers to, a task
    logs it later. Any other database error is only reported to the application log, since the
    caller still has to answer with the refusal itself.
    """
    count_booking_attempt(code)
    if quantity is not None and not -BIGINT <= quantity < BIGINT:
        quantity = None

    def insert() -> None:
        context = facts_for(connection)
        what = [event_id, user_id, quantity, code, origin.ip_address, origin.user_agent]
        execute_prepared(connection, LOG_REFUSAL, [context, *what], waits_for=event_id)

    try:
        run_in_statement(insert)
    except EventBusy:
        refusal_unlogged.send(
            sender=BookingAttempt,
            attempt_id=uuid7(),
            event_id=event_id,
            user_id=user_id,
            quantity=quantity,
            code=code,
            origin=origin,
            at=now(),
        )
    except (DatabaseError, DomainError) as error:
        log.warning("attempt_not_logged", event_id=str(event_id), error=type(error).__name__)


def log_late_refusal(
    *,
    attempt_id: UUID,
    event_id: UUID,
    user_id: UUID | None,
    quantity: int | None,
    code: str,
    origin: Origin,
    at: datetime,
) -> None:
    """Log a refused attempt some time after it, at most once.

    attempt_id: of the new row; otherwise as `log_refusal`. Raises EventBusy while another session
    has locked the event's row.
    """

    def insert() -> None:
        if Event.objects.filter(pk=event_id).exists():
            attempt = BookingAttempt(
                id=attempt_id,
                event_id=event_id,
                user_id=user_id,
                quantity=quantity,
                result=AttemptResult.FAILED,
                failure_reason=code,
                attempted_at=at,
                ip_address=origin.ip_address,
                user_agent=origin.user_agent,
            )
            BookingAttempt.objects.bulk_create([attempt], ignore_conflicts=True)

    run_in_transaction(insert)
