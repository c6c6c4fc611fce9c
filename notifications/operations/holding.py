"""Emails that were held back, since their address is unconfirmed.

How many may be sent is decided in `evently.accounts.operations.email_allowance`. What is over that
waits in the delivery log (`held`). Where several of a user's emails wait when the first one is due
again, they become one email, so that a pile of them does not drip out over the next hours.
"""

from uuid import UUID

from django.db import transaction
from django.db.models import F, JSONField, Value
from django.db.models.expressions import CombinedExpression

from evently.database.functions import Clock
from notifications.kinds.held import held_emails, held_ids
from notifications.models import DeliveryStatus, EmailDelivery, Notification, NotificationStatus
from notifications.operations import attempts
from notifications.operations.attempts import Attempt
from notifications.operations.inserting import insert

# Up to this many wait and go out as they are.
MOST_SENT_SINGLY = 2
MOST_MERGED = 1_000


def merge_held(attempt: Attempt) -> UUID | None:
    """Make one email of all held ones of a user; return its notification, None for too few.

    attempt: one of them, which is due. The others are due too, or will never have to be.
    """
    user_id = attempt.notification.user_id
    with transaction.atomic():
        if not attempts.hold(attempt):
            return None
        held_rows = EmailDelivery.objects.filter(user_id=user_id, status=DeliveryStatus.HELD)
        found = (
            held_rows.select_for_update(skip_locked=True)
            .order_by("id")
            .values_list("notification_id", flat=True)[:MOST_MERGED]
        )
        others = [id_ for id_ in found if id_ is not None]
        if len(others) < MOST_SENT_SINGLY:
            return None
        merged = [attempt.notification.pk, *others]
        held = Notification.objects.filter(user_id=user_id, pk__in=merged)
        ids = [id_ for each in held.order_by("created_at", "id") for id_ in held_ids(each)]
        ((new_id, _),) = insert([held_emails(user_id, ids)])
        EmailDelivery.objects.filter(user_id=user_id, notification_id__in=merged).update(
            status=DeliveryStatus.MERGED,
            attempt=None,
            error_message="",
            metadata=CombinedExpression(
                F("metadata"), "||", Value({"mergedInto": str(new_id)}, JSONField())
            ),
        )
        held.update(status=NotificationStatus.SENT, sent_at=Clock())
    return new_id
