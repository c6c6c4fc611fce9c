"""Messages of organizers as their recipients read them: in the app, and behind emailed links."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.utils.safestring import SafeString, mark_safe

from evently.accounts.models import User
from evently.database.identity import acting_as, attendee
from evently.database.prepared import execute_prepared
from events.contact import organizer_of
from events.models import Event
from notifications.kinds.writing import ORGANIZER_MESSAGE, event_values, text_for
from notifications.message_models import Audience, OrganizerMessage
from notifications.models import Channel, Notification
from notifications.writing.text import ERASED, fill_line

MESSAGE = "SELECT subject, body FROM evently_received_message(%s::uuid, %s::uuid)"
MESSAGES = """
    SELECT id::text, subject, audience, is_named
    FROM evently_received_messages(%s::uuid, %s::uuid)
"""
# Of one event, the newest.
MOST_LISTED = 100
# For a booking and for a place on the waitlist: the holder of its link sees no others.
OF_BOOKING = frozenset({Audience.BOOKED, Audience.EVERYONE, Audience.NOT_CHECKED_IN})
OF_ENTRY = frozenset({Audience.WAITING, Audience.EVERYONE})
# Links do not show whose they are (docs/security.md).
NO_NAME = "guest"


@dataclass(frozen=True)
class ReceivedMessage:
    """organizer: the name of who organizes the event, or "". body: as HTML; text: without."""

    event: Event
    organizer: str
    subject: str
    body: SafeString
    text: str
    received_at: datetime


@dataclass(frozen=True)
class Listed:
    """A message in a list; `notification_id` names it."""

    notification_id: UUID
    subject: str
    received_at: datetime


@dataclass(frozen=True)
class Opened:
    """A booking or a place on the waitlist whose messages are read; booking_id: None for a place.

    by_link: without logging in, so that only what concerns this one is shown, and no name.
    """

    user: User
    event: Event
    booking_id: UUID | None
    by_link: bool

    def shows(self, audience: str, *, is_named: bool) -> bool:
        if not self.by_link or is_named:
            return True
        return audience in (OF_ENTRY if self.booking_id is None else OF_BOOKING)


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
        event = Event.objects.filter(pk=notification.event_id).first()
        return _read(notification, event, user.display_name) if event is not None else None


def messages_to(opened: Opened) -> list[Listed]:
    """Return what the organizer of an event has written to a person, newest first.

    Called as that person (`owner_or_link`). Left out is what was erased, and what was taken back
    before they could read it.
    """
    values = event_values(opened.event)
    return [
        Listed(notification.pk, fill_line(subject, values), notification.created_at)
        for notification, subject in _listed(opened)
    ]


def message_to(opened: Opened, notification_id: UUID) -> ReceivedMessage | None:
    """Return one of `messages_to`, or None."""
    for notification, _ in _listed(opened):
        if notification.pk == notification_id:
            name = NO_NAME if opened.by_link else opened.user.display_name
            return _read(notification, opened.event, name)
    return None


def _listed(opened: Opened) -> Iterator[tuple[Notification, str]]:
    """Yield a person's notifications of messages, with the subjects as they were written."""
    parameters = [opened.event.pk, opened.booking_id]
    written = {
        id_: subject
        for id_, subject, audience, is_named in execute_prepared(connection, MESSAGES, parameters)
        if subject != ERASED and opened.shows(audience, is_named=is_named)
    }
    for notification in _notifications(opened) if written else ():
        subject = written.get(str(notification.data.get("message")))
        if subject is not None:
            yield notification, subject


def _notifications(opened: Opened) -> QuerySet[Notification]:
    """Return the notifications of messages; one that was sent again has another one besides."""
    rows = Notification.objects.filter(
        user_id=opened.user.pk, event_id=opened.event.pk, type=ORGANIZER_MESSAGE.name
    ).exclude(channels=[])
    return rows.exclude(data__has_key="again").order_by("-created_at", "-id")[:MOST_LISTED]


def _read(notification: Notification, event: Event, name: str) -> ReceivedMessage | None:
    """Return the message of a notification, as a person of this name reads it."""
    message = _written(event.pk, notification.data.get("message"))
    if message is None or message.body == ERASED:
        return None
    subject, body = text_for(message, event, name)
    return ReceivedMessage(
        event=event,
        organizer=organizer_of(event).name,
        subject=subject,
        # Everything that anyone has typed is escaped in it.
        body=mark_safe(body.html),  # noqa: S308
        text=body.text,
        received_at=notification.created_at,
    )


def _written(event_id: UUID, message_id: Any) -> OrganizerMessage | None:
    """Return what a message says, if the person was sent it; the database looks."""
    rows = execute_prepared(connection, MESSAGE, [event_id, message_id])
    return next((OrganizerMessage(subject=subject, body=body) for subject, body in rows), None)
