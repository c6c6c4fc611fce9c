"""Locking a booking, after its event."""

from uuid import UUID

from bookings.models import Booking
from evently.database.prepared import PreparedQuery
from evently.errors import NotFound
from events.models import Event


class BookingNotFound(NotFound):
    """There is no such booking, or it belongs to another user."""

    message = "We could not find this booking."


LOCKED_BOOKING = PreparedQuery(
    lambda event_id, booking_id: Booking.objects.select_for_update(no_key=True).filter(
        event_id=event_id, pk=booking_id
    ),
    event_id=UUID,
    booking_id=UUID,
)


def lock_booking(*, locked_event: Event, booking_id: UUID) -> Booking:
    """Lock a booking of a locked event until commit. Raises BookingNotFound."""
    booking = LOCKED_BOOKING.first(event_id=locked_event.pk, booking_id=booking_id)
    if booking is None:
        raise BookingNotFound
    booking.event = locked_event
    return booking
