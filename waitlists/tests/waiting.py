"""Waiting for seats in tests: a full event, and what attendees do."""

from bookings import operations as bookings
from bookings.factories import BookingFactory
from bookings.operations import Canceller
from evently.accounts.factories import UserFactory
from evently.origin import Origin
from events.factories import EventFactory
from events.models import Event
from waitlists import operations
from waitlists.models import Promotion

ORIGIN = Origin(ip_address="192.0.2.1", user_agent="test")


def full_event(capacity=4, **columns):
    """Return a full event and its bookings of one seat each."""
    event = EventFactory(total_capacity=capacity, **columns)
    return event, [BookingFactory(event=event) for _ in range(capacity)]


def current_price(event):
    return Event.objects.values_list("current_price", flat=True).get(pk=event.pk)


def join(event, quantity=1, user=None, **options):
    user = user or UserFactory()
    options.setdefault("unit_price", current_price(event))
    return operations.join_waitlist(
        event_id=event.pk, user_id=user.pk, quantity=quantity, **options
    )


def cancel(booking):
    bookings.cancel_booking(
        event_id=booking.event_id, booking_id=booking.pk, by=Canceller.ORGANIZER
    )


def latest_offer(entry):
    return Promotion.objects.filter(waitlist_id=entry.pk).latest("promoted_at")


def accept(offer):
    return operations.accept_promotion(
        event_id=offer.event_id, promotion_id=offer.pk, origin=ORIGIN
    )


def status_of(entry):
    entry.refresh_from_db()
    return entry.status
