"""What happened to bookings, announced in the transaction that did it, after its other writes."""

from django.dispatch import Signal

# Seats are being booked: sent before the booking is written, and the one signal whose receivers
# write nothing themselves. They return what is to be written in the same statement, an
# `Addition` (bookings.operations.placing), or None. `booking: Booking`, its event loaded;
# `of_offer: bool`, whether the seats were offered to the user
booking_drafted = Signal()

# The tickets of a confirmed booking are to be emailed again. `booking: Booking`, its event loaded;
# `by_id: UUID | None`, who asked for it. Receivers refuse where that was done too often
tickets_requested = Signal()

# A guest requested seats with a user's email address, and was refused for a reason that only that
# user may learn. `event: Event`, `user: User`, `quantity: int`, `refusal: DomainError`
guest_refused = Signal()

# Bookings were cancelled and their seats returned. `event: Event`, `bookings: list[Booking]`,
# `by: Canceller`, `reason: str`
bookings_cancelled = Signal()

# The owner of a booking hands tickets over. `event: Event`, `transfers: list[TicketTransfer]`, with
# their owner loaded
tickets_handed_over = Signal()

# The recipient has accepted a ticket. `event: Event`, `transfer: TicketTransfer`, with its booking,
# owner and recipient loaded
transfer_accepted = Signal()

# Attendees are asked whether they are still coming. `event: Event`, `checks: list[AttendanceCheck]`
# with their bookings, `again: bool`: whether this is the second question
attendance_asked = Signal()

# An attendee has given back some of the seats of a booking. `event: Event`, `booking: Booking` with
# those that it keeps, `seats: int`: how many were given back
seats_given_back = Signal()

# A refused attempt could not be logged, as another session has locked the event's row. With the
# arguments of `log_late_refusal` (bookings.operations)
refusal_unlogged = Signal()
