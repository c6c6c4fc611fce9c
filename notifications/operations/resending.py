"""Send emails again, at the request of a person: within limits, and recorded (`resent_rows`)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from bookings.models import Booking
from evently.database.ids import uuid7
from evently.enqueue import enqueue_on_commit
from evently.errors import Conflict
from evently.idempotency.keys import Idempotency
from evently.transactions import refusing, run_in_transaction
from notifications import tasks
from notifications.failures import NOT_SENT, NOT_WANTED, SUPPRESSED_FOR, TURNED_OFF
from notifications.kinds.bookings import booking_confirmed
from notifications.models import Channel, EmailResend, ResendRun
from notifications.operations import resend_runs
from notifications.operations.creating import notify
from notifications.operations.resent_rows import (
    EMAILS_PER_TRANSACTION,
    FAILED,
    WAITING,
    Resent,
    ResentTooOften,
    make_due,
)

MOST_EMAILS = 50_000


class NothingToSend(Conflict):
    """The email waits to be sent anyway, or what it was made from is gone."""

    code = "nothing_to_send"
    message = "This email is waiting to be sent already, or can no longer be sent."


class RunUnderWay(Conflict):
    """Emails of the same event are being sent again already."""

    code = "run_under_way"
    message = (
        "Emails are being sent again already. Wait until that is finished, then send the rest."
    )


class TurnedOff(Conflict):
    """The person has turned emails of this kind off, or unsubscribed from them."""

    code = "turned_off"
    message = NOT_WANTED


class AddressSuppressed(Conflict):
    """The person's address gets no emails, since earlier ones came back or were reported."""

    code = "address_suppressed"
    message = "This address gets no emails."

    def __init__(self, reason: str) -> None:
        super().__init__(NOT_SENT.format(reason=SUPPRESSED_FOR[reason]))


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


def send_one_again(
    *, delivery_id: UUID, by_id: UUID | None, idempotency: Idempotency | None = None
) -> None:
    """Send one email again.

    Raises ResentTooOften, AddressSuppressed, TurnedOff, NothingToSend.
    """

    def work() -> None:
        result = make_due([delivery_id], by_id=by_id)
        if TURNED_OFF in result.suppressed:
            raise TurnedOff
        if result.suppressed:
            raise AddressSuppressed(next(iter(result.suppressed)))
        if result.too_often:
            raise ResentTooOften
        if not result.sent:
            raise NothingToSend

    run_in_transaction(work, idempotency=idempotency)


def send_many_again(
    *,
    delivery_ids: Sequence[UUID],
    event_id: UUID | None,
    by_id: UUID,
    idempotency: Idempotency | None = None,
) -> ResendRun:
    """Send emails again: the first at once, the rest in the background (`resend_runs`).

    delivery_ids: at least one; only MOST_EMAILS are taken. event_id: of all of them; None for those
    of any event, which superusers choose. Raises RunUnderWay, ResentTooOften.
    """

    def work() -> ResendRun:
        with refusing(unq_resend_run_open=RunUnderWay):
            run = ResendRun.objects.create(
                user_id=by_id,
                event_id=event_id,
                delivery_ids=list(dict.fromkeys(delivery_ids))[:MOST_EMAILS],
            )
        if resend_runs.first_batch(run):
            enqueue_on_commit(tasks.continue_resend_run, str(run.pk))
        run.refresh_from_db()
        return run

    return resend_runs.retrying(lambda: run_in_transaction(work, idempotency=idempotency))


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
    "AddressSuppressed",
    "NothingToSend",
    "Resent",
    "ResentTooOften",
    "RunUnderWay",
    "TurnedOff",
    "send_again",
    "send_many_again",
    "send_one_again",
    "send_tickets_again",
]
