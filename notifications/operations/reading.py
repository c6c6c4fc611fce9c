"""Mark messages as read."""

from uuid import UUID

from evently.errors import NotFound
from notifications.models import Notification


class NotificationMissing(NotFound):
    """There is no such message in this person's inbox."""

    code = "notification_not_found"
    message = "We could not find that message."


def mark_read(*, user_id: UUID, notification_id: UUID) -> None:
    """Mark one message of a person as read; doing so again changes nothing.

    Raises NotificationMissing.
    """
    mine = Notification.objects.inbox_of(user_id).filter(pk=notification_id)
    if not mine.unread().update(read=True) and not mine.exists():
        raise NotificationMissing


def mark_all_read(*, user_id: UUID) -> int:
    """Mark all of a person's messages as read; returns how many were not."""
    return Notification.objects.inbox_of(user_id).unread().update(read=True)
