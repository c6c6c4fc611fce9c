"""A notification as the inbox shows it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse

from notifications.kinds import KINDS
from notifications.models import Notification

UNKNOWN_ICON = "bell"


@dataclass(frozen=True)
class NotificationPresenter:
    """url, link_text: what the user can do next; both empty where there is nothing to do."""

    id: UUID
    message: str
    icon: str
    is_unread: bool
    created_at: datetime
    url: str
    link_text: str
    read_url: str


def present(notification: Notification) -> NotificationPresenter:
    """Return a notification as the inbox shows it; needs no query."""
    # A newer release may have written a kind that this one does not know.
    kind = KINDS.get(notification.type)
    link = kind.link(notification) if kind and kind.link else None
    return NotificationPresenter(
        id=notification.pk,
        message=notification.message,
        icon=(kind and kind.icon) or UNKNOWN_ICON,
        is_unread=notification.is_unread,
        created_at=notification.created_at,
        url=link.url if link else "",
        link_text=link.text if link else "",
        read_url=reverse("read_notification", args=[notification.pk]),
    )
