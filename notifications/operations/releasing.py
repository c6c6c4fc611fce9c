"""Send what was held back, as soon as the address is confirmed."""

from uuid import UUID

from evently.database.functions import Clock
from notifications.models import DeliveryStatus, EmailDelivery, Notification


def release_held(*, user_id: UUID) -> int:
    """Make a user's held emails due now, inside the caller's transaction; return how many."""
    held = EmailDelivery.objects.filter(user_id=user_id, status=DeliveryStatus.HELD)
    found = held.order_by("id").values_list("notification_id", flat=True)
    ids = [id_ for id_ in found if id_ is not None]
    if not ids:
        return 0
    held.update(next_attempt_at=Clock())
    Notification.objects.filter(user_id=user_id, pk__in=ids).update(next_attempt_at=Clock())
    return len(ids)
