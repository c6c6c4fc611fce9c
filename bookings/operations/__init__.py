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
from bookings.operations.guests import OwnerNotified, book_as_guest, log_guest_refusal

__all__ = [
    "AlreadyCancelled",
    "BookingLimit",
    "BookingNotFound",
    "CancellationClosed",
    "Canceller",
    "OwnerNotified",
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
    "log_guest_refusal",
    "log_refusal",
    "release_bookings",
    "take_seats",
]
