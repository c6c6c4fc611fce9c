"""Mark messages as read."""

from uuid import UUID

from evently.errors import NotFound
from notifications.models import Notification


class NotificationNotFound(NotFound):
    """There is no such message, or it is somebody else's."""

    message = "We could not find this message."


def mark_read(*, user_id: UUID, notification_id: UUID) -> Notification:
    """Mark one message of a person as read; doing so again changes nothing.

    Raises NotificationNotFound.
    """
    mine = Notification.objects.inbox_of(user_id).filter(pk=notification_id)
    notification = mine.first()
    if notification is None:
        raise NotificationNotFound
    if notification.is_unread:
        mine.unread().update(read=True)
        notification.read = True
    return notification


def mark_all_read(*, user_id: UUID) -> int:
    """Mark all of a person's messages as read; returns how many were not."""
    return Notification.objects.inbox_of(user_id).unread().update(read=True)
