"""Mark notifications as read."""

from uuid import UUID

from evently.errors import NotFound
from notifications.models import Notification


class NotificationNotFound(NotFound):
    """There is no such notification, or it belongs to another user."""

    message = "We could not find this notification."


def mark_read(*, user_id: UUID, notification_id: UUID) -> Notification:
    """Mark one of a user's notifications as read; doing so again changes nothing.

    Raises NotificationNotFound.
    """
    found = Notification.objects.inbox_of(user_id).filter(pk=notification_id)
    notification = found.first()
    if notification is None:
        raise NotificationNotFound
    if notification.is_unread:
        found.unread().update(read=True)
        notification.read = True
    return notification


def mark_all_read(*, user_id: UUID) -> int:
    """Mark all of a user's notifications as read; return how many were unread."""
    return Notification.objects.inbox_of(user_id).unread().update(read=True)
