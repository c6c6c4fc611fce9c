"""Deliver notifications, pick up missed ones, create partitions in advance."""

from uuid import UUID

from celery import shared_task

from evently.transactions import run_in_transaction
from notifications.operations import delivering, partitions, resent_rows, sweeping


@shared_task
def deliver(notification_id: str, user_id: str) -> None:
    """Deliver one notification; its email goes out once, even if this runs twice or in parallel."""
    delivering.deliver_all([(UUID(notification_id), UUID(user_id))])


@shared_task
def deliver_many(pairs: list[list[str]]) -> None:
    """Deliver notifications over one connection. pairs: [notification id, user id]."""
    delivering.deliver_all([(UUID(id_), UUID(user_id)) for id_, user_id in pairs])


@shared_task(expires=60)
def deliver_missed() -> None:
    """Enqueue what is due and undelivered: its task was lost, or the mail server was down."""
    due = sweeping.take_up_missed()
    for start in range(0, len(due), sweeping.MISSED_EMAILS_PER_TASK):
        some = due[start : start + sweeping.MISSED_EMAILS_PER_TASK]
        deliver_many.delay([[str(id_), str(user_id)] for id_, user_id in some])


@shared_task
def send_failed_again(event_id: str, by_id: str | None, after: str) -> None:
    """Go on sending the failed emails of an event again, batch by batch.

    after: the email that the former batch ended with.
    """
    ids = resent_rows.failed_after(event_id=UUID(event_id), after=UUID(after))
    if not ids:
        return
    by = UUID(by_id) if by_id else None
    _, due = run_in_transaction(lambda: resent_rows.make_due(ids, by_id=by))
    deliver_many.delay([[str(id_), str(user_id)] for id_, user_id in due])
    send_failed_again.delay(event_id, by_id, str(ids[-1]))


@shared_task
def make_partitions() -> None:
    partitions.make_partitions()
