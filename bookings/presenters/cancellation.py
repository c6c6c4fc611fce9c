"""Who cancelled a booking, when and why, in sentences."""

from collections.abc import Sequence
from decimal import Decimal

from bookings.models import Booking, Canceller
from evently.formatting import as_sentence, moment, money
from events.models import PaymentMode

# Reasons that say no more than who cancelled.
OF_EVENT = "the event was cancelled"
OF_EXPIRY = "not paid in time"
OF_ACCOUNT = "the account was deleted"


def canceller_of(booking: Booking) -> Canceller:
    """Return who cancelled a booking; its event is loaded.

    Rows of earlier releases have only the reason, which was the canceller where none was given.
    """
    if booking.cancelled_by:
        return Canceller(booking.cancelled_by)
    if booking.cancel_reason in ("", Canceller.ATTENDEE.value, OF_ACCOUNT):
        return Canceller.ATTENDEE
    if booking.cancel_reason == OF_EXPIRY:
        return Canceller.EXPIRY
    event = booking.event
    if event.is_cancelled and booking.cancel_reason in (event.cancel_reason, OF_EVENT):
        return Canceller.EVENT
    return Canceller.ORGANIZER


def cancellation_text(booking: Booking) -> str:
    """Return who cancelled a booking, or its event, and why; "" for one that is not cancelled."""
    event = booking.event
    if not booking.is_cancelled:
        return event_cancelled_text(event.cancel_reason) if event.is_cancelled else ""
    by = canceller_of(booking)
    when = moment(booking.cancelled_at, event.zone)
    if by is Canceller.EVENT:
        return event_cancelled_text(event.cancel_reason)
    if by is Canceller.EXPIRY:
        return f"It was not paid in time, so it was cancelled on {when}."
    if by is Canceller.UNANSWERED:
        return (
            "We asked you twice whether you are still coming, and got no answer, so these seats "
            f"were offered to people on the waitlist on {when}. You can join the waitlist."
        )
    if by is Canceller.ORGANIZER:
        reason = booking.cancel_reason
        given = "" if reason in ("", Canceller.ORGANIZER.value) else reason
        text = f"The organizer cancelled this booking on {when}"
        return as_sentence(f"{text}: {given}" if given else text)
    if booking.cancel_reason == OF_ACCOUNT:
        return f"It was cancelled on {when}, when the account was deleted."
    return f"You cancelled this booking on {when}."


def event_cancelled_text(reason: str) -> str:
    """Return that the organizer cancelled an event, with the reason where one was given."""
    text = "The organizer cancelled the event"
    return as_sentence(f"{text}: {reason.strip()}" if reason.strip() else text)


def refund_note(bookings: Sequence[Booking]) -> str:
    """Return what happens to the money of cancelled bookings of one event, which is loaded."""
    event = bookings[0].event
    total = sum((booking.total_amount for booking in bookings), Decimal(0))
    if total == 0:
        what = "This booking was" if len(bookings) == 1 else "These bookings were"
        return f"{what} free of charge, so there is nothing to refund."
    amount = money(total, event.currency)
    if event.payment_mode == PaymentMode.DOOR:
        return f"You no longer have to pay the {amount} that was due at the entrance."
    policy = event.refund_policy or "Please contact the organizer about a refund."
    return f"The price was {amount}. {policy}"
