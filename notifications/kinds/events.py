"""Notifications about changes to an event, to all who have seats or are on its waitlist."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from bookings.calendar import calendar_files
from bookings.models import Booking
from bookings.presenters import refund_note
from evently.accounts.models import User
from evently.formatting import as_sentence, span
from events.changes import ANNOUNCED, differences
from events.models import Event
from notifications.emails.email_content import EmailContent, call_to_action
from notifications.kinds import common, holdings
from notifications.kinds.base import Category, Kind, Message, Need, link_to_event
from notifications.models import Notification
from waitlists.models import WaitlistEntry


# ── Event cancelled ─────────────────────────────────────────────────────────
def event_cancelled(
    event: Event,
    user_id: UUID,
    *,
    bookings: Sequence[Booking] = (),
    entry: WaitlistEntry | None = None,
) -> Message:
    """Notify a user of a cancelled event: once, with all bookings and the entry that it ended."""
    when = span(event.event_date, event.ends_at, event.zone)
    text = f"{event.name} on {when} is cancelled."
    if event.cancel_reason:
        text += f" The organizer's reason: {as_sentence(event.cancel_reason)}"
    if bookings:
        text += f" {holdings.ended_text(bookings)}"
    if entry is not None:
        text += (
            " The seats offered to you are no longer held."
            if entry.has_offer
            else " You are no longer on its waitlist."
        )
    return EVENT_CANCELLED.message(
        user_id=user_id,
        key=f"event_cancelled:{event.pk}",
        text=text,
        event_id=event.pk,
        data={"bookings": [booking.pk for booking in bookings]},
        bears_head=entry is not None,
    )


def _write_event_cancelled(notification: Notification, user: User) -> EmailContent:
    event = common.event_of(notification)
    # Rows written by the release before have one booking.
    ids = notification.data.get("bookings", [notification.data.get("booking")])
    bookings = holdings.bookings_named(event, user.pk, ids)
    note = f" {refund_note(bookings)}" if bookings else ""
    content = call_to_action(
        heading=f"{event.name} is cancelled",
        text=notification.message + note,
        button_text="Show the event",
        button_url=common.event_url(event),
        links=holdings.booking_links(bookings),
    )
    content.calendars = calendar_files(bookings)
    return content


EVENT_CANCELLED = Kind(
    name="event_cancelled",
    label="Event cancelled",
    category=Category.EVENT_CHANGES,
    need=Need.LAW,
    icon="ban",
    link=link_to_event,
    write_email=_write_event_cancelled,
)


# ── Event changed ───────────────────────────────────────────────────────────
def change_text(event: Event, changes: dict[str, tuple[Any, Any]]) -> str:
    """Return what users are told of a change; "" where none of it concerns attendees.

    changes: {field: (old, new)}.
    """
    sentences = [
        f"The {one.name} is now {one.new}"
        # A changed name begins the message as it was before.
        + (f" (before: {one.old})." if one.field != "name" else ".")
        for one in differences(event, changes, fields=ANNOUNCED)
    ]
    if not sentences:
        return ""
    known_as = changes["name"][0] if "name" in changes else event.name
    return f"{known_as} has changed. {' '.join(sentences)}"


def event_changed(
    event_id: UUID, user_ids: Sequence[UUID], *, key: str, text: str
) -> list[Message]:
    """Notify users of a change of an event; text: as `change_text` returns it."""
    return [
        EVENT_CHANGED.message(user_id=user_id, key=key, text=text, event_id=event_id)
        for user_id in user_ids
    ]


def _write_event_changed(notification: Notification, user: User) -> EmailContent:
    event = common.event_of(notification)
    theirs = holdings.holdings_of(notification)
    content = call_to_action(
        heading=f"{event.name} has changed",
        text=" ".join(filter(None, [notification.message, holdings.all_text(theirs)])),
        **holdings.button_of(theirs),
    )
    content.calendars = calendar_files(theirs.bookings)
    return content


EVENT_CHANGED = Kind(
    name="event_changed",
    label="Event changed",
    category=Category.EVENT_CHANGES,
    icon="calendar",
    link=link_to_event,
    write_email=_write_event_changed,
)
