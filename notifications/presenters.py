"""How a message looks in the inbox: its picture, and where it leads."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse

from notifications.models import MessageType, Notification

ICONS = {
    MessageType.WELCOME: "sparkles",
    MessageType.BOOKING_CONFIRM: "ticket",
    MessageType.CANCELLATION: "undo-2",
    MessageType.WAITLIST_JOIN: "list-ordered",
    MessageType.WAITLIST_PROMOTION: "armchair",
    MessageType.PROMOTION_ENDED: "hourglass",
    MessageType.WAITLIST_CLOSED: "door-open",
    MessageType.EVENT_CANCELLED: "ban",
    MessageType.EVENT_CHANGED: "calendar",
}


@dataclass(frozen=True)
class NotificationPresenter:
    """A message as the inbox shows it. url, link: what to do about it, and its words."""

    id: UUID
    message: str
    icon: str
    is_unread: bool
    created_at: datetime
    url: str
    link: str
    read_url: str


def shown(notification: Notification) -> NotificationPresenter:
    """Return a message as the inbox shows it; costs no query."""
    type_ = MessageType(notification.type)
    url, link = LINKS.get(type_, _nowhere)(notification)
    return NotificationPresenter(
        id=notification.pk,
        message=notification.message,
        icon=ICONS.get(type_, "bell"),
        is_unread=notification.is_unread,
        created_at=notification.created_at,
        url=url,
        link=link,
        read_url=reverse("read_notification", args=[notification.pk]),
    )


Link = tuple[str, str]


def _nowhere(notification: Notification) -> Link:
    return "", ""


def _to_events(notification: Notification) -> Link:
    return reverse("home"), "Find an event"


def _to_event(notification: Notification) -> Link:
    if notification.event_id is None:
        return "", ""
    return reverse("event_detail", args=[notification.event_id]), "Show the event"


def _to(name: str, item: str, words: str) -> Callable[[Notification], Link]:
    """Return what links to the row that a message names under an item of its data."""

    def link(notification: Notification) -> Link:
        row: Any = notification.data.get(item)
        return (reverse(name, args=[row]), words) if row else ("", "")

    return link


LINKS: dict[MessageType, Callable[[Notification], Link]] = {
    MessageType.WELCOME: _to_events,
    MessageType.BOOKING_CONFIRM: _to("booking_detail", "booking", "Show my tickets"),
    MessageType.CANCELLATION: _to_event,
    MessageType.WAITLIST_JOIN: _to("waitlist_entry", "entry", "Show my place"),
    MessageType.WAITLIST_PROMOTION: _to("promotion", "promotion", "Claim or decline"),
    MessageType.PROMOTION_ENDED: _to_event,
    MessageType.WAITLIST_CLOSED: _to_event,
    MessageType.EVENT_CANCELLED: _to_event,
    MessageType.EVENT_CHANGED: _to_event,
}
