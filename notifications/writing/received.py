"""A message of an organizer as its recipient reads it in the app."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.safestring import SafeString, mark_safe

from evently.accounts.models import User
from evently.database.identity import acting_as, attendee
from evently.database.prepared import execute_prepared
from events.contact import organizer_of
from events.models import Event
from notifications.kinds.writing import ORGANIZER_MESSAGE, text_for
from notifications.message_models import OrganizerMessage
from notifications.models import Channel, Notification
from notifications.writing.text import ERASED

MESSAGE = "SELECT subject, body FROM evently_received_message(%s::uuid, %s::uuid)"


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
    with acting_as(attendee(user.pk)):
        notification = Notification.objects.filter(
            pk=notification_id,
            user_id=user.pk,
            type=ORGANIZER_MESSAGE.name,
            channels__contains=[Channel.IN_APP],
        ).first()
        if notification is None or notification.event_id is None:
            return None
        message = _written(notification.event_id, notification.data.get("message"))
        event = Event.objects.filter(pk=notification.event_id).first()
        if message is None or event is None or message.body == ERASED:
            return None
        subject, body = text_for(message, event, user.display_name)
        return ReceivedMessage(
            event=event,
            organizer=organizer_of(event).name,
            subject=subject,
            # Everything that anyone has typed is escaped in it.
            body=mark_safe(body.html),  # noqa: S308
            received_at=notification.created_at,
        )


def _written(event_id: UUID, message_id: Any) -> OrganizerMessage | None:
    """Return what a message says, if the person was sent it; the database looks."""
    rows = execute_prepared(connection, MESSAGE, [event_id, message_id])
    return next((OrganizerMessage(subject=subject, body=body) for subject, body in rows), None)
