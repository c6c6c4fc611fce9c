"""What kinds of several topics share: the event and booking behind a message, and their words."""

from uuid import UUID

from django.urls import reverse

from bookings.models import Booking
from evently.formatting import moment
from evently.links import absolute, link_to
from events.models import Event, PaymentMode
from notifications.emails.email_content import EmailObsolete
from notifications.emails.placeholders import Value
from notifications.models import Notification


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
        "eventDate": moment(event.event_date, event.zone),
        "venue": event.venue,
        "eventUrl": event_url(event),
    }


def event_url(event: Event) -> str:
    return absolute(reverse("event_detail", args=[event.pk]))


def booking_url(booking: Booking) -> str:
    """Return the link to a booking that works without logging in."""
    return link_to("booking_link", purpose="booking", row_id=booking.pk, event_id=booking.event_id)


def refund_note(booking: Booking) -> str:
    """Return what happens to the money of a cancelled booking; its event is loaded."""
    if booking.total_amount == 0:
        return "This booking was free of charge, so there is nothing to refund."
    if booking.event.payment_mode == PaymentMode.DOOR:
        return "Seats are paid for at the entrance, so there is nothing to refund."
    return booking.event.refund_policy or "The organizer will contact you about the refund."


def as_sentence(reason: str) -> str:
    """Return a reason that an organizer typed, with a full stop where it has no ending."""
    reason = reason.strip()
    return reason if reason.endswith((".", "!", "?")) else f"{reason}."
