"""Every write of bookings."""

from bookings.locks import BookingNotFound
from bookings.operations.attempts import log_attempt, log_refusal
from bookings.operations.booking import (
    BookingLimit,
    PaymentUnsupported,
    PersonLimit,
    PriceChanged,
    PriceRequired,
    SoldOut,
    WaitlistFirst,
    attempted,
    book_seats,
    take_seats,
)
from bookings.operations.cancelling import (
    AlreadyCancelled,
    CancellationClosed,
    Canceller,
    cancel_booking,
    expire_pending_bookings,
    release_bookings,
)
from bookings.operations.guests import OwnerTold, book_as_guest, log_stranger

__all__ = [
    "AlreadyCancelled",
    "BookingLimit",
    "BookingNotFound",
    "CancellationClosed",
    "Canceller",
    "OwnerTold",
    "PaymentUnsupported",
    "PersonLimit",
    "PriceChanged",
    "PriceRequired",
    "SoldOut",
    "WaitlistFirst",
    "attempted",
    "book_as_guest",
    "book_seats",
    "cancel_booking",
    "expire_pending_bookings",
    "log_attempt",
    "log_refusal",
    "log_stranger",
    "release_bookings",
    "take_seats",
]
