"""Deliver notifications, pick up missed ones, create partitions in advance."""

from uuid import UUID

from celery import shared_task

from notifications.operations import delivering, partitions, sweeping


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
def make_partitions() -> None:
    partitions.make_partitions()
