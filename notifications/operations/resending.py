"""Send emails again, at the request of a person: within limits, and recorded (`resent_rows`)."""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from bookings.models import Booking
from evently.database.ids import uuid7
from evently.enqueue import enqueue_on_commit
from evently.errors import Conflict
from evently.transactions import refusing, run_in_transaction
from notifications import tasks
from notifications.kinds.bookings import booking_confirmed
from notifications.models import Channel, EmailResend
from notifications.operations.creating import notify
from notifications.operations.resent_rows import (
    EMAILS_PER_TRANSACTION,
    FAILED,
    WAITING,
    Resent,
    ResentTooOften,
    failed_after,
    make_due,
)


class NothingToSend(Conflict):
    """The email waits to be sent anyway, or what it was made from is gone."""

    code = "nothing_to_send"
    message = "This email is waiting to be sent already, or can no longer be sent."


def send_again(*, delivery_ids: Iterable[UUID], by_id: UUID | None) -> Resent:
    """Send emails again. by_id: who asked for it; None: the software.

    Failed ones get a full set of attempts; of those that were sent, a new email is made. What may
    not be sent is counted and left unchanged. Raises ResentTooOften, where others sent the same
    ones again at the same time.
    """
    ids, total = list(dict.fromkeys(delivery_ids)), Resent()
    for start in range(0, len(ids), EMAILS_PER_TRANSACTION):
        total += _send(ids[start : start + EMAILS_PER_TRANSACTION], by_id)
    return total


def send_one_again(*, delivery_id: UUID, by_id: UUID | None) -> None:
    """Send one email again. Raises ResentTooOften, NothingToSend."""
    result = send_again(delivery_ids=[delivery_id], by_id=by_id)
    if result.too_often:
        raise ResentTooOften
    if not result.sent:
        raise NothingToSend


def send_failed_again(*, event_id: UUID, by_id: UUID | None) -> Resent:
    """Send all failed emails of an event again that the limits allow; a task continues many.

    Returns what became of those that were not left to the task.
    """
    ids = failed_after(event_id=event_id)

    def work() -> Resent:
        result = make_due(ids, by_id=by_id)
        if len(ids) == EMAILS_PER_TRANSACTION:
            asked_by = str(by_id) if by_id else None
            enqueue_on_commit(tasks.send_failed_again, str(event_id), asked_by, str(ids[-1]))
        return result

    return run_in_transaction(work)


def send_tickets_again(*, booking: Booking, by_id: UUID | None) -> None:
    """Email the tickets of a booking again, inside the caller's transaction.

    Raises ResentTooOften.
    """
    message = replace(
        booking_confirmed(booking), key=f"tickets_again:{uuid7()}", channels=(Channel.EMAIL,)
    )
    message = replace(message, data={**message.data, "again": True})
    (notification_id,) = notify(messages=[message])
    with refusing(trg_email_resends=ResentTooOften):
        # For an email of its own, whatever became of the first one.
        EmailResend.objects.create(
            delivery_id=booking.pk,
            user_id=booking.user_id,
            event_id=booking.event_id,
            notification_id=notification_id,
            by_id=by_id,
        )


def _send(ids: list[UUID], by_id: UUID | None) -> Resent:
    return run_in_transaction(lambda: make_due(ids, by_id=by_id))


__all__ = [
    "FAILED",
    "WAITING",
    "NothingToSend",
    "Resent",
    "ResentTooOften",
    "send_again",
    "send_failed_again",
    "send_one_again",
    "send_tickets_again",
]
