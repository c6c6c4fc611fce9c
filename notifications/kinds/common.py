"""What kinds of several topics share: the event and booking behind a message, and their words."""

from html import escape
from uuid import UUID

from django.urls import reverse

from bookings.models import Booking
from evently.formatting import span
from evently.links import absolute, link_to, path_of
from events.models import Event
from notifications.emails.email_content import EmailObsolete
from notifications.emails.placeholders import RichValue, Value
from notifications.kinds.rows import rows_of
from notifications.models import Notification
from waitlists.models import Promotion, WaitlistEntry


def event_id_of(notification: Notification) -> UUID:
    """Return which event a message is about. Raises EmailObsolete where it is about none."""
    if notification.event_id is None:
        raise EmailObsolete
    return notification.event_id


def event_of(notification: Notification) -> Event:
    """Return the event that a message is about. Raises EmailObsolete where it is gone."""
    event = rows_of(notification).event(event_id_of(notification))
    if event is None:
        raise EmailObsolete
    return event


def entry_of(notification: Notification) -> WaitlistEntry | None:
    """Return the waitlist entry that a message is about, if it is its user's."""
    event_id = event_id_of(notification)
    entry = rows_of(notification).entry(event_id, notification.data.get("entry"))
    is_theirs = entry is not None and entry.user_id == notification.user_id
    return entry if is_theirs else None


def event_values(event: Event) -> dict[str, Value]:
    """Return the values of the placeholders that all templates about an event have."""
    return {
        "eventName": event.name,
        "eventDate": span(event.event_date, event.ends_at, event.zone),
        "venue": event.venue,
        "eventUrl": event_url(event),
    }


def record_note(notification: Notification) -> RichValue | None:
    """Return the line about the waitlist's record at the time of a message, if it has one."""
    head = notification.data.get("record")
    if not head:
        return None
    url = absolute(reverse("how_the_waitlist_works") + "#record")
    label = f"Record of this waitlist: {head}."
    return RichValue(
        text=f"{label} How to check it:\n{url}",
        html=f'{escape(label)} <a href="{escape(url)}">How to check it</a>',
    )


def event_url(event: Event) -> str:
    return absolute(path_of("event_detail", event.pk))


def booking_url(booking: Booking) -> str:
    """Return the link to a booking that works without logging in."""
    return link_to(
        "booking_link",
        purpose="booking",
        row_id=booking.pk,
        event_id=booking.event_id,
        version=booking.user.links_version,
    )


def offer_url(offer: Promotion) -> str:
    """Return the link to an offer that works without logging in."""
    return link_to(
        "promotion_link",
        purpose="promotion",
        row_id=offer.pk,
        event_id=offer.event_id,
        version=offer.user.links_version,
    )


def entry_url(entry: WaitlistEntry) -> str:
    """Return the link to a waitlist entry that works without logging in."""
    return link_to(
        "entry_link",
        purpose="entry",
        row_id=entry.pk,
        event_id=entry.event_id,
        version=entry.user.links_version,
    )
