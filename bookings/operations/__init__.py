"""Every write of bookings.

`book_held_seats` and `release_bookings` are building blocks for the caller's transaction, as are
`ask_again` and `return_booking` of `operations.attendance`; the others open their own.
"""

from bookings.locks import BookingNotFound
from bookings.models import Canceller
from bookings.operations.attempts import log_late_refusal, log_refusal, log_refused_attempt
from bookings.operations.attendance import (
    AnswersClosed,
    NotAsked,
    SeatsReturned,
    TicketsHandedOver,
    answer_attendance,
    ask_attendees,
)
from bookings.operations.booking import book_held_seats, book_seats
from bookings.operations.cancelling import (
    AlreadyCancelled,
    CancellationClosed,
    cancel_booking,
    expire_pending_bookings,
    release_bookings,
)
from bookings.operations.guest_limits import GuestLimit
from bookings.operations.guests import (
    book_as_guest,
    log_invalid_form,
    replay_for_guest,
)
from bookings.operations.owner_notified import OwnerNotified
from bookings.operations.rebooking import RebookedTooOften
from bookings.operations.refusals import (
    AlreadyBooked,
    BookingLimit,
    DrawPending,
    LimitWhileWaiting,
    PaymentUnsupported,
    PersonLimit,
    PriceChanged,
    PriceRequired,
    SoldOut,
    WaitlistFirst,
)
from bookings.operations.tickets import NoValidTickets, send_tickets_again
from bookings.operations.transfers import (
    OwnTicket,
    TicketNotTransferable,
    TransferEnded,
    TransferNotFound,
    TransferOpen,
    accept_transfer,
    hand_over,
    withdraw_transfer,
)

__all__ = [
    "AlreadyBooked",
    "AlreadyCancelled",
    "AnswersClosed",
    "BookingLimit",
    "BookingNotFound",
    "CancellationClosed",
    "Canceller",
    "DrawPending",
    "GuestLimit",
    "LimitWhileWaiting",
    "NoValidTickets",
    "NotAsked",
    "OwnTicket",
    "OwnerNotified",
    "PaymentUnsupported",
    "PersonLimit",
    "PriceChanged",
    "PriceRequired",
    "RebookedTooOften",
    "SeatsReturned",
    "SoldOut",
    "TicketNotTransferable",
    "TicketsHandedOver",
    "TransferEnded",
    "TransferNotFound",
    "TransferOpen",
    "WaitlistFirst",
    "accept_transfer",
    "answer_attendance",
    "ask_attendees",
    "book_as_guest",
    "book_held_seats",
    "book_seats",
    "cancel_booking",
    "expire_pending_bookings",
    "hand_over",
    "log_invalid_form",
    "log_late_refusal",
    "log_refusal",
    "log_refused_attempt",
    "release_bookings",
    "replay_for_guest",
    "send_tickets_again",
    "withdraw_transfer",
]
