"""Locking a booking, after its event."""

from uuid import UUID

from bookings.models import Booking
from evently.errors import NotFound
from events.models import Event


class BookingNotFound(NotFound):
    """There is no such booking, or it belongs to another user."""

    message = "We could not find this booking."


def lock_booking(*, locked_event: Event, booking_id: UUID) -> Booking:
    """Lock a booking of a locked event until commit. Raises BookingNotFound."""
    booking = (
        Booking.objects.select_for_update(no_key=True)
        .filter(event_id=locked_event.pk, pk=booking_id)
        .first()
    )
    if booking is None:
        raise BookingNotFound
    booking.event = locked_event
    return booking
