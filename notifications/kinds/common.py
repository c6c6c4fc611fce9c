"""What kinds of several topics share: the event and booking behind a message, and their words."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from django.urls import reverse

from bookings.models import Booking
from evently.formatting import money, span
from evently.links import absolute, link_to
from events.models import Event, PaymentMode
from notifications.emails.email_content import EmailObsolete
from notifications.emails.placeholders import Value
from notifications.models import Notification
from waitlists.models import Promotion, WaitlistEntry


def event_id_of(notification: Notification) -> UUID:
    """Return which event a message is about. Raises EmailObsolete where it is about none."""
    if notification.event_id is None:
        raise EmailObsolete
    return notification.event_id


def event_of(notification: Notification) -> Event:
    """Return the event that a message is about. Raises EmailObsolete where it is gone."""
    event = Event.objects.filter(pk=event_id_of(notification)).first()
    if event is None:
        raise EmailObsolete
    return event


def event_values(event: Event) -> dict[str, Value]:
    """Return the values of the placeholders that all templates about an event have."""
    return {
        "eventName": event.name,
        "eventDate": span(event.event_date, event.ends_at, event.zone),
        "venue": event.venue,
        "eventUrl": event_url(event),
    }


def event_url(event: Event) -> str:
    return absolute(reverse("event_detail", args=[event.pk]))


def booking_url(booking: Booking) -> str:
    """Return the link to a booking that works without logging in."""
    return link_to("booking_link", purpose="booking", row_id=booking.pk, event_id=booking.event_id)


def offer_url(offer: Promotion) -> str:
    """Return the link to an offer that works without logging in."""
    return link_to("promotion_link", purpose="promotion", row_id=offer.pk, event_id=offer.event_id)


def entry_url(entry: WaitlistEntry) -> str:
    """Return the link to a waitlist entry that works without logging in."""
    return link_to("entry_link", purpose="entry", row_id=entry.pk, event_id=entry.event_id)


def refund_note(bookings: Sequence[Booking]) -> str:
    """Return what happens to the money of cancelled bookings of one event, which is loaded."""
    event = bookings[0].event
    total = sum((booking.total_amount for booking in bookings), Decimal(0))
    if total == 0:
        what = "This booking was" if len(bookings) == 1 else "These bookings were"
        return f"{what} free of charge, so there is nothing to refund."
    amount = money(total, event.currency)
    if event.payment_mode == PaymentMode.DOOR:
        return f"You no longer have to pay the {amount} that was due at the entrance."
    policy = event.refund_policy or "Please contact the organizer about a refund."
    return f"The price was {amount}. {policy}"


def as_sentence(reason: str) -> str:
    """Return a reason that an organizer typed, with a full stop where it has no ending."""
    reason = reason.strip()
    return reason if reason.endswith((".", "!", "?")) else f"{reason}."
