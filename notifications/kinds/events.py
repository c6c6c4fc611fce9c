"""Notifications about changes to an event, to all who have seats or are on its waitlist."""

from typing import Any
from uuid import UUID

from bookings.calendar import calendar_for
from bookings.models import Booking
from evently.accounts.models import User
from evently.database.ids import uuid7
from evently.formatting import moment
from events.changes import ANNOUNCED, differences
from events.models import Event
from notifications.emails.email_content import EmailContent, call_to_action
from notifications.kinds import common
from notifications.kinds.base import Category, Kind, Message, link_to_event
from notifications.models import Notification


# ── Event cancelled ─────────────────────────────────────────────────────────
def event_cancelled(event: Event, user_id: UUID, *, booking_id: UUID | None = None) -> Message:
    """Notify a user of a cancelled event: once, however many bookings and entries they had."""
    text = f"{event.name} on {moment(event.event_date, event.zone)} is cancelled."
    if event.cancel_reason:
        text += f" The organizer's reason: {common.as_sentence(event.cancel_reason)}"
    return EVENT_CANCELLED.message(
        user_id=user_id,
        key=f"event_cancelled:{event.pk}",
        text=text,
        event_id=event.pk,
        data={"booking": booking_id} if booking_id else {},
    )


def _write_event_cancelled(notification: Notification, user: User) -> EmailContent:
    event = common.event_of(notification)
    booking = _latest_booking(event, user)
    note = f" {common.refund_note(booking)}" if booking else ""
    content = call_to_action(
        heading=f"{event.name} is cancelled",
        text=notification.message + note,
        button_text="Show the event",
        button_url=common.event_url(event),
    )
    content.calendar = calendar_for(booking) if booking else None
    return content


EVENT_CANCELLED = Kind(
    name="event_cancelled",
    label="Event cancelled",
    category=Category.EVENT_CHANGES,
    icon="ban",
    link=link_to_event,
    write_email=_write_event_cancelled,
)


# ── Event changed ───────────────────────────────────────────────────────────
def event_changed(
    event: Event, changes: dict[str, tuple[Any, Any]], user_ids: list[UUID]
) -> list[Message]:
    """Notify users of what changed; no message where none of it concerns attendees.

    changes: {field: (old, new)}.
    """
    sentences = [
        f"The {one.name} is now {one.new}"
        # A changed name begins the message as it was before.
        + (f" (before: {one.old})." if one.field != "name" else ".")
        for one in differences(event, changes, fields=ANNOUNCED)
    ]
    if not sentences:
        return []
    key = f"event_changed:{event.pk}:{uuid7()}"
    known_as = changes["name"][0] if "name" in changes else event.name
    text = f"{known_as} has changed. {' '.join(sentences)}"
    return [
        EVENT_CHANGED.message(user_id=user_id, key=key, text=text, event_id=event.pk)
        for user_id in user_ids
    ]


def _write_event_changed(notification: Notification, user: User) -> EmailContent:
    event = common.event_of(notification)
    booking = _latest_booking(event, user)
    if booking is not None and booking.is_cancelled:
        booking = None
    content = call_to_action(
        heading=f"{event.name} has changed",
        text=notification.message,
        button_text="Show my booking" if booking else "Show the event",
        button_url=common.booking_url(booking) if booking else common.event_url(event),
    )
    content.calendar = calendar_for(booking) if booking else None
    return content


EVENT_CHANGED = Kind(
    name="event_changed",
    label="Event changed",
    category=Category.EVENT_CHANGES,
    icon="calendar",
    link=link_to_event,
    write_email=_write_event_changed,
)


# ── Shared ──────────────────────────────────────────────────────────────────
def _latest_booking(event: Event, user: User) -> Booking | None:
    booking = Booking.objects.filter(event_id=event.pk, user_id=user.pk).order_by("-id").first()
    if booking is not None:
        booking.event = event
    return booking
