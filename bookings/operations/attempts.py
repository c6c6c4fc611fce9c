"""The log of refused booking attempts; successful ones are logged with the booking (`placing`)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import structlog
from django.db import DatabaseError, connection

from evently.audit.context import facts_for
from evently.database.prepared import execute_prepared
from evently.errors import DomainError
from evently.idempotency.keys import RequestInProgress
from evently.metrics import count_booking_attempt
from evently.origin import Origin
from evently.transactions import run_in_statement

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


def log_refusal(
    *, event_id: UUID, user_id: UUID | None, quantity: int | None, code: str, origin: Origin
) -> None:
    """Log a refused attempt in a transaction of its own, after the attempt was rolled back.

    quantity: as requested, however invalid; None where it is not a number. An unknown event leaves
    no row. A database error is only reported to the application log, since the caller still has to
    answer with the refusal itself.
    """
    count_booking_attempt(code)
    if quantity is not None and not -BIGINT <= quantity < BIGINT:
        quantity = None

    def insert() -> None:
        context = facts_for(connection)
        what = [event_id, user_id, quantity, code, origin.ip_address, origin.user_agent]
        execute_prepared(connection, LOG_REFUSAL, [context, *what])

    try:
        run_in_statement(insert)
    except (DatabaseError, DomainError) as error:
        log.warning("attempt_not_logged", event_id=str(event_id), error=type(error).__name__)
