"""Deliver messages, take up what was missed, make partitions ahead."""

from uuid import UUID

from celery import shared_task

from notifications.operations import delivering, partitions, sweeping


@shared_task
def deliver(notification_id: str, user_id: str) -> None:
    """Deliver one message; running twice, or in parallel, mails it once."""
    delivering.deliver_all([(UUID(notification_id), UUID(user_id))])


@shared_task
def deliver_many(pairs: list[list[str]]) -> None:
    """Deliver some messages over one connection. pairs: [notification id, user id]."""
    delivering.deliver_all([(UUID(id_), UUID(user_id)) for id_, user_id in pairs])


@shared_task(expires=60)
def deliver_missed() -> None:
    """Hand over what is due and nobody delivered: the task was lost, or the mail server down."""
    due = sweeping.take_up_missed()
    for start in range(0, len(due), sweeping.MAILS_PER_TASK):
        some = due[start : start + sweeping.MAILS_PER_TASK]
        deliver_many.delay([[str(id_), str(user_id)] for id_, user_id in some])


@shared_task
def make_partitions() -> None:
    """Make the monthly partitions ahead."""
    partitions.make_partitions()
