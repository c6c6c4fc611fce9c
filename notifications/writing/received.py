"""A message of an organizer as its recipient reads it in the app."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.safestring import SafeString, mark_safe

from evently.accounts.models import User
from evently.database.identity import as_worker
from events.contact import organizer_of
from events.models import Event
from notifications.kinds.writing import ORGANIZER_MESSAGE, text_for
from notifications.message_models import OrganizerMessage
from notifications.models import Channel, Notification
from notifications.writing.text import ERASED


@dataclass(frozen=True)
class ReceivedMessage:
    """organizer: the name of who organizes the event, or "". body: as HTML."""

    event: Event
    organizer: str
    subject: str
    body: SafeString
    received_at: datetime


def received_message(*, user: User, notification_id: UUID) -> ReceivedMessage | None:
    """Return the message that a notification in a user's inbox is about, or None."""
    notification = Notification.objects.filter(
        pk=notification_id,
        user_id=user.pk,
        type=ORGANIZER_MESSAGE.name,
        channels__contains=[Channel.IN_APP],
    ).first()
    if notification is None or notification.event_id is None:
        return None
    found = _read(notification.event_id, notification.data.get("message"))
    if found is None or found[0].body == ERASED:
        return None
    message, event = found
    subject, body = text_for(message, event, user.display_name)
    return ReceivedMessage(
        event=event,
        organizer=organizer_of(event).name,
        subject=subject,
        # Everything that anyone has typed is escaped in it.
        body=mark_safe(body.html),  # noqa: S308
        received_at=notification.created_at,
    )


@as_worker()
def _read(event_id: UUID, message_id: Any) -> tuple[OrganizerMessage, Event] | None:
    """Return a message and its event: its recipient has the notification that names them."""
    message = OrganizerMessage.objects.filter(event_id=event_id, pk=message_id).first()
    event = Event.objects.select_related("created_by__person_key").filter(pk=event_id).first()
    return (message, event) if message is not None and event is not None else None
