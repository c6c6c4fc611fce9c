"""Full events, waitlist entries and offers, made through the operations."""

from datetime import UTC, datetime, timedelta

from bookings.factories import BookingFactory
from bookings.operations import Canceller, cancel_booking
from evently.accounts.factories import UserFactory
from events.factories import EventFactory
from events.models import Event
from waitlists import operations
from waitlists.models import Promotion, WaitlistEntry


def full_event(seats=2, **columns):
    """Return an event and the one booking that takes all its seats."""
    event = EventFactory(total_capacity=seats, **columns)
    booking = BookingFactory(event=event, quantity=seats)
    event.refresh_from_db()
    return event, booking


def current_price(event):
    return Event.objects.values_list("current_price", flat=True).get(pk=event.pk)


def join(event, user=None, quantity=1, **options) -> WaitlistEntry:
    options.setdefault("unit_price", current_price(event))
    return operations.join_waitlist(
        event_id=event.pk, user_id=(user or UserFactory()).pk, quantity=quantity, **options
    )


def cancel(booking):
    cancel_booking(event_id=booking.event_id, booking_id=booking.pk, by=Canceller.ORGANIZER)


def offer_to(user, **columns) -> Promotion:
    """Offer a user all the seats of a new event."""
    event, booking = full_event(**columns)
    join(event, user, quantity=booking.quantity)
    cancel(booking)
    return Promotion.objects.select_related("event").get(user_id=user.pk)


def offer_to_berlin(clock) -> Promotion:
    """Offer seats in Auckland at 14:00 to a person in Berlin, where it is 02:00."""
    at = datetime(2036, 3, 11, 1, tzinfo=UTC)
    clock.stop(at)
    event, booking = full_event(
        timezone="Pacific/Auckland",
        event_date=at + timedelta(days=30),
        promotion_window_minutes=60,
    )
    join(event, quantity=2, timezone="Europe/Berlin")
    cancel(booking)
    return Promotion.objects.select_related("event", "waitlist", "user").get()
