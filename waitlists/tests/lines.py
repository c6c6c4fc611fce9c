"""Full events, lines before them, and offers, made as attendees make them."""

from bookings.factories import BookingFactory
from bookings.operations import Canceller, cancel_booking
from evently.accounts.factories import UserFactory
from events.factories import EventFactory
from waitlists import operations
from waitlists.models import Promotion, WaitlistEntry


def full_event(seats=2, **columns):
    event = EventFactory(total_capacity=seats, **columns)
    booking = BookingFactory(event=event, quantity=seats)
    event.refresh_from_db()
    return event, booking


def wait(event, user=None, quantity=1, **wishes) -> WaitlistEntry:
    return operations.join_waitlist(
        event_id=event.pk, user_id=(user or UserFactory()).pk, quantity=quantity, **wishes
    )


def free(booking):
    cancel_booking(event_id=booking.event_id, booking_id=booking.pk, by=Canceller.ORGANIZER)


def offer_to(user, **columns) -> Promotion:
    event, booking = full_event(**columns)
    wait(event, user, quantity=booking.quantity)
    free(booking)
    return Promotion.objects.select_related("event").get(user_id=user.pk)
