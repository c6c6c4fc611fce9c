"""What emails about an event say in previews: of a sample booking, at its prices and times.

Of what no event has, such as what its organizer writes, the samples of all templates stand
(`variables.DESCRIPTIONS`).
"""

from datetime import datetime, timedelta

from bookings.models import Booking
from bookings.operations import Canceller
from bookings.presenters import refund_note
from evently.formatting import moment, seats
from events.models import Event
from notifications.emails.email_content import with_links
from notifications.emails.placeholders import Value
from notifications.emails.variables import SAMPLE_REFERENCE
from notifications.kinds import bookings, thanks, waitlist, writing
from notifications.kinds import events as event_kinds
from notifications.kinds.common import event_values
from notifications.models import TemplateType
from waitlists.claim_windows import offer_window

# As `samples` has tickets.
SEATS = 2
REASON = "The hall is too small"
OTHER_VENUE = "The Barn"


def event_samples(
    type_: TemplateType, event: Event, *, at: datetime, can_reply: bool
) -> dict[str, Value]:
    """Return values of placeholders that are true of an event, and of a sample booking of it.

    at: when the email would be sent. can_reply: whether replies go to the organizer.
    """
    booking = Booking(
        event=event,
        booking_reference=SAMPLE_REFERENCE,
        quantity=SEATS,
        total_amount=event.current_price * SEATS,
    )
    cancelled = bookings.booking_cancelled(event, booking, by=Canceller.ORGANIZER, reason=REASON)
    is_unpaid = type_ is TemplateType.PAYMENT_REMINDER
    values: dict[str, Value] = {
        "quantity": seats(SEATS),
        "bookingReference": SAMPLE_REFERENCE,
        "totalAmount": bookings.price_of(booking),
        "paymentNote": with_links(
            event.payment_instructions if is_unpaid else bookings.payment_note(booking)
        ),
        "cancelNote": bookings.cancel_note(event, at=at),
        "cancelText": with_links(cancelled.text[:1].lower() + cancelled.text[1:]),
        "refundNote": with_links(refund_note([booking])),
        "maximumPrice": waitlist.most_to_pay(event, event.current_price),
        "priceNote": waitlist.price_note(booking.total_amount),
        "payUntil": moment(
            min(at + timedelta(days=event.payment_days), event.event_date), event.zone
        ),
        "contactNote": with_links(thanks.contact_note(event, can_reply=can_reply)),
        "replyNote": writing.REPLY_NOTE if can_reply else "",
        "heading": f"{event.name} has changed",
        "text": with_links(event_kinds.change_text(event, {"venue": (event.venue, OTHER_VENUE)})),
    }
    if window := offer_window(event, at=at):
        values["expiresAt"] = moment(window.expires_at, event.zone)
    return {**values, **event_values(event)}
