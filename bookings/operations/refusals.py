"""Why seats are not booked; and which of it the database refuses, by the names of its rules."""

from evently.errors import Conflict, DomainError, Invalid
from evently.idempotency.keys import RequestInProgress
from evently.transactions import RetryTransaction
from events.locks import EventNotFound
from events.operations import QuoteUsed, SalesClosed


class SoldOut(Conflict):
    """Fewer seats are available than were requested."""

    code = "sold_out"
    message = "There are not enough seats left."


class WaitlistFirst(Conflict):
    """A waitlist entry fits into the available seats and comes first."""

    code = "waitlist_first"
    message = "The seats that are left are kept for the waitlist."


class DrawPending(Conflict):
    """The event's seats wait for a draw."""

    code = "draw_pending"
    message = "The seats of this event are drawn. Join its waitlist to take part in the draw."


class PersonLimit(Conflict):
    """The user would have more seats than the event allows per person."""

    code = "person_limit"
    message = (
        "This event has a limit of seats per person, and this would exceed it. "
        "Your bookings, offers and waitlist entries count."
    )


class BookingLimit(Invalid):
    """More seats than the event allows in one booking."""

    code = "booking_limit"
    message = "This is more than the event allows in one booking. Please choose fewer seats."


class LimitWhileWaiting(BookingLimit):
    """More seats than one place on the waitlist can have, while people wait."""

    message = (
        "While people wait for this event, a booking has no more seats than one place on the "
        "waitlist can have. Please choose fewer seats."
    )


class PriceRequired(Invalid):
    """A priced event is booked at a price that the client has shown."""

    code = "price_required"
    message = "Send the quote, or the unit_price that was shown."


class PriceChanged(Conflict):
    """The price has risen above the one that was shown. details: both prices."""

    code = "price_changed"
    message = "The price has changed since it was shown to you. Please check the new price."


class AlreadyBooked(Conflict):
    """The user has more seats of the event than the form showed them. details: seats, all of them.

    Raised for forms only, which can be submitted by mistake: by the Back button, or in two tabs.
    """

    code = "already_booked"
    message = "You already have seats for this event."


class PaymentUnsupported(Conflict):
    """The event's payment mode cannot be booked yet."""

    code = "payment_unsupported"
    message = "Payment by transfer is not available yet."


class UnverifiedAccess(Conflict):
    """A guest books under an address whose account has access that must end first."""

    code = "unverified_access"


class PriceFell(RetryTransaction):
    """The price fell between reading it and inserting the booking: read it again and pay less."""

    refusal = PriceChanged


REFUSALS: dict[str, type[DomainError | RetryTransaction]] = {
    "trg_sales_open": SalesClosed,
    "trg_booking_limit": BookingLimit,
    "trg_booking_place_limit": LimitWhileWaiting,
    "trg_person_limit": PersonLimit,
    "trg_seats_available": SoldOut,
    "trg_draw_pending": DrawPending,
    "trg_waitlist_first": WaitlistFirst,
    "trg_price_current": PriceFell,
    "trg_quote_used": QuoteUsed,
    "fk_bookings_event": EventNotFound,
    "already_booked": AlreadyBooked,
    "price_changed": PriceChanged,
    "request_in_progress": RequestInProgress,
    "unverified_access": UnverifiedAccess,
}
