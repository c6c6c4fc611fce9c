"""Start again the mails that had failed."""

from collections.abc import Iterable
from uuid import UUID

from evently.database.functions import Clock
from evently.enqueue import enqueue_on_commit
from evently.transactions import run_in_transaction
from notifications import tasks
from notifications.models import DeliveryStatus, EmailDelivery, Notification, NotificationStatus
from notifications.operations.creating import MAILS_PER_TASK

FAILED = (DeliveryStatus.FAILED, DeliveryStatus.BOUNCED)


def resend_failed(*, delivery_ids: Iterable[UUID]) -> int:
    """Send failed mails again, with all their attempts before them; returns how many.

    Mails that did not fail, or whose message is gone, are left alone.
    """
    ids = list(delivery_ids)
    return run_in_transaction(lambda: _start_again(ids))


def _start_again(ids: list[UUID]) -> int:
    failed = list(
        EmailDelivery.objects.select_for_update(of=("self",))
        .filter(pk__in=ids, status__in=FAILED, notification_id__isnull=False)
        .order_by("pk")
    )
    messages = Notification.objects.filter(
        pk__in=[mail.notification_id for mail in failed if mail.notification_id],
        user_id__in={mail.user_id for mail in failed},
    )
    pairs = [[str(id_), str(user_id)] for id_, user_id in messages.values_list("pk", "user_id")]
    EmailDelivery.objects.filter(
        notification_id__in=[id_ for id_, _ in pairs], user_id__in=[id_ for _, id_ in pairs]
    ).update(
        status=DeliveryStatus.PENDING,
        send_attempts=0,
        attempt=None,
        error_message="",
        next_attempt_at=Clock(),
    )
    messages.update(status=NotificationStatus.PENDING, next_attempt_at=Clock())
    for start in range(0, len(pairs), MAILS_PER_TASK):
        enqueue_on_commit(tasks.deliver_many, pairs[start : start + MAILS_PER_TASK])
    return len(pairs)
