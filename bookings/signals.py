"""Facts about bookings, announced inside the transaction that makes them, last."""

from django.dispatch import Signal

# Seats were booked and the tickets are valid. `booking: Booking`, its event loaded
booking_confirmed = Signal()

# Somebody who is not logged in asked for seats under an address, and was refused for a reason that
# concerns its owner alone; so the owner is told. `event: Event`, `user: User`, `quantity: int`,
# `refusal: DomainError`
guest_refused = Signal()

# Bookings gave their seats back. `event: Event`, `bookings: list[Booking]`, `by: Canceller`,
# `reason: str`
bookings_cancelled = Signal()
