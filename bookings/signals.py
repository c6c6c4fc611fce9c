"""Facts about bookings, announced inside the transaction that makes them, last."""

from django.dispatch import Signal

# Seats were booked and the tickets are valid. `booking: Booking`, its event loaded
booking_confirmed = Signal()

# Bookings gave their seats back. `event: Event`, `bookings: list[Booking]`, `by: Canceller`,
# `reason: str`
bookings_cancelled = Signal()
