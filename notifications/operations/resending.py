"""Send failed emails again."""

from collections.abc import Iterable
from uuid import UUID

from evently.database.functions import Clock
from evently.enqueue import enqueue_on_commit
from evently.transactions import run_in_transaction
from notifications import tasks
from notifications.models import DeliveryStatus, EmailDelivery, Notification, NotificationStatus
from notifications.operations.creating import EMAILS_PER_TASK

FAILED = (DeliveryStatus.FAILED, DeliveryStatus.BOUNCED)


def resend_failed(*, delivery_ids: Iterable[UUID]) -> int:
    """Send failed emails again, with a full set of attempts; return how many.

    Emails that did not fail, or whose notification was deleted, are left unchanged.
    """
    ids = list(delivery_ids)
    return run_in_transaction(lambda: _restart(ids))


def _restart(ids: list[UUID]) -> int:
    failed = list(
        EmailDelivery.objects.select_for_update(of=("self",))
        .filter(pk__in=ids, status__in=FAILED, notification_id__isnull=False)
        .order_by("pk")
    )
    notifications = Notification.objects.filter(
        pk__in=[email.notification_id for email in failed if email.notification_id],
        user_id__in={email.user_id for email in failed},
    )
    pairs = [
        [str(id_), str(user_id)] for id_, user_id in notifications.values_list("pk", "user_id")
    ]
    EmailDelivery.objects.filter(
        notification_id__in=[id_ for id_, _ in pairs], user_id__in=[id_ for _, id_ in pairs]
    ).update(
        status=DeliveryStatus.PENDING,
        send_attempts=0,
        attempt=None,
        error_message="",
        next_attempt_at=Clock(),
    )
    notifications.update(status=NotificationStatus.PENDING, next_attempt_at=Clock())
    for start in range(0, len(pairs), EMAILS_PER_TASK):
        enqueue_on_commit(tasks.deliver_many, pairs[start : start + EMAILS_PER_TASK])
    return len(pairs)
