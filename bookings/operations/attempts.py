"""The log of attempts: every one, also the refused."""

from uuid import UUID

import structlog
from django.db import DatabaseError, transaction

from bookings.models import AttemptResult, Booking, BookingAttempt
from evently.errors import DomainError
from evently.idempotency.keys import RequestInProgress
from evently.metrics import count_booking_attempt
from evently.origin import Origin
from evently.transactions import entry
from events.models import Event

log = structlog.get_logger(__name__)

BIGINT = 2**63


def log_attempt(*, booking: Booking, origin: Origin) -> None:
    """Log a booking inside the transaction that makes it, so neither is there without the other."""
    BookingAttempt.objects.create(
        event_id=booking.event_id,
        user_id=booking.user_id,
        booking_id=booking.pk,
        quantity=booking.quantity,
        result=AttemptResult.SUCCESS,
        ip_address=origin.ip_address,
        user_agent=origin.user_agent,
    )
    transaction.on_commit(lambda: count_booking_attempt(booking.status), robust=True)


def log_refusal(
    *, event_id: UUID, user_id: UUID | None, quantity: int | None, code: str, origin: Origin
) -> None:
    """Log a refused attempt, after its transaction was rolled back.

    quantity: as asked, sense or nonsense. An attempt on no event leaves no row; neither does one
    that the database cannot take down, for the refusal must reach the person all the same.
    """
    count_booking_attempt(code)
    if quantity is not None and not -BIGINT <= quantity < BIGINT:
        quantity = None

    def work() -> None:
        if Event.objects.filter(pk=event_id).exists():
            BookingAttempt.objects.create(
                event_id=event_id,
                user_id=user_id,
                quantity=quantity,
                result=AttemptResult.FAILED,
                failure_reason=code,
                ip_address=origin.ip_address,
                user_agent=origin.user_agent,
            )

    try:
        entry(work)
    except (DatabaseError, DomainError) as error:
        log.warning("attempt_not_logged", event_id=str(event_id), error=type(error).__name__)


def is_an_attempt(refusal: DomainError) -> bool:
    """Tell whether a refusal counts as an attempt: a request sent twice at once is one."""
    return not isinstance(refusal, RequestInProgress)
