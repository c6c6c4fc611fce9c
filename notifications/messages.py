"""What each fact is told as: one sentence or two, plain, complete without its mail.

Each function turns a fact into a message that `notify` can write; none of them reads the
database, so telling costs a booking one statement.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from bookings.models import Booking
from bookings.operations import Canceller
from evently.accounts.models import User
from evently.database.ids import uuid7
from evently.errors import DomainError
from evently.formatting import moment, seats
from events.models import Event
from notifications.models import Channel, MessageType
from notifications.operations.creating import Message
from notifications.queries import WELCOME_KEY
from waitlists.models import Promotion, PromotionStatus, WaitlistEntry

BY_MAIL_ALONE = (Channel.EMAIL,)
IN_APP_ALONE = (Channel.IN_APP,)

# Changes of an event that its guests are told of, and how they are called.
TOLD_CHANGES = {
    "name": "name",
    "event_date": "start",
    "ends_at": "end",
    "venue": "place",
    "timezone": "time zone",
}

ACCOUNT_TEXTS = {
    MessageType.VERIFY_ADDRESS: "We sent you a link to confirm your address.",
    MessageType.ACCOUNT_EXISTS: "Somebody tried to sign up with your address.",
    MessageType.PASSWORD_RESET: "We sent you a link to choose a new password.",
    MessageType.LOGIN_LINK: "We sent you a link to log in.",
}

GUEST_REFUSALS = {
    "person_limit": (
        "you have, wait for or are offered as many seats as one person may have for this event. "
        "Log in to see them."
    ),
    "already_waiting": "you are in this line already. Log in to see your place.",
    "account_inactive": (
        "the account of this address was switched off by the people who run the site. "
        "Please ask them."
    ),
}


def welcome(user: User) -> Message:
    """Greet a new account."""
    return Message(
        user_id=user.pk,
        key=WELCOME_KEY,
        type=MessageType.WELCOME,
        text="Welcome! Your bookings, your places in line and news about them will be here.",
    )


def account_mail(user: User, type_: MessageType) -> Message:
    """Mail a link of the account; each request is a message of its own."""
    return Message(
        user_id=user.pk,
        key=f"{type_}:{uuid7()}",
        type=type_,
        text=ACCOUNT_TEXTS[type_],
        channels=BY_MAIL_ALONE,
    )


def password_ended(user: User) -> Message:
    """Tell the owner of an address that a booking under it has ended the password."""
    return Message(
        user_id=user.pk,
        key=f"password_ended:{uuid7()}",
        type=MessageType.PASSWORD_RESET,
        text="Your address had never been confirmed, so its password no longer works.",
        channels=BY_MAIL_ALONE,
        data={"because": "booked_as_guest"},
    )


def guest_refused(event: Event, user: User, *, quantity: int, refusal: DomainError) -> Message:
    """Tell the owner of an address what somebody asked for with it, and why they were refused."""
    what = f"{seats(quantity)} for {event.name}, {moment(event.event_date, event.zone)}"
    return Message(
        user_id=user.pk,
        key=f"guest_refused:{uuid7()}",
        type=MessageType.ACCOUNT_EXISTS,
        text=(
            f"Somebody, most likely you, asked for {what} with this address, without logging in. "
            f"Nothing has changed: {GUEST_REFUSALS.get(refusal.code, refusal.text)} If it was not "
            "you, there is nothing to do."
        ),
        event_id=event.pk,
        channels=BY_MAIL_ALONE,
        data={"refused": refusal.code},
    )


def booking_confirmed(booking: Booking) -> Message:
    """Confirm a booking; its event is loaded."""
    event = booking.event
    return Message(
        user_id=booking.user_id,
        key=f"booking_confirm:{booking.pk}",
        type=MessageType.BOOKING_CONFIRM,
        text=(
            f"You have {seats(booking.quantity)} for {event.name}, "
            f"{moment(event.event_date, event.zone)}. "
            f"Your reference is {booking.booking_reference}."
        ),
        event_id=booking.event_id,
        data={"booking": booking.pk, "reference": booking.booking_reference},
    )


def booking_cancelled(event: Event, booking: Booking, *, by: Canceller, reason: str) -> Message:
    """Tell that a booking is cancelled, by whom and why."""
    if by is Canceller.EVENT:
        return event_cancelled(event, booking.user_id, booking_id=booking.pk)
    what = f"{seats(booking.quantity)} for {event.name} ({booking.booking_reference})"
    text = {
        Canceller.ATTENDEE: f"You have cancelled {what}.",
        Canceller.ORGANIZER: f"The organizer has cancelled {what}.",
        Canceller.EXPIRY: f"Your booking of {what} was not paid in time and is cancelled.",
    }[by]
    if by is Canceller.ORGANIZER and reason:
        text += f" Their reason: {_sentence(reason)}"
    return Message(
        user_id=booking.user_id,
        key=f"cancellation:{booking.pk}",
        type=MessageType.CANCELLATION,
        text=text,
        event_id=event.pk,
        data={
            "booking": booking.pk,
            "reference": booking.booking_reference,
            "by": by.value,
        },
    )


def event_cancelled(event: Event, user_id: UUID, *, booking_id: UUID | None = None) -> Message:
    """Tell one person, once, that an event is off; however many bookings and places they had."""
    text = f"{event.name} on {moment(event.event_date, event.zone)} is cancelled."
    if event.cancel_reason:
        text += f" The organizer's reason: {_sentence(event.cancel_reason)}"
    return Message(
        user_id=user_id,
        key=f"event_cancelled:{event.pk}",
        type=MessageType.EVENT_CANCELLED,
        text=text,
        event_id=event.pk,
        data={"booking": booking_id} if booking_id else {},
    )


def event_changed(
    event: Event, changes: dict[str, tuple[Any, Any]], user_ids: list[UUID]
) -> list[Message]:
    """Tell everybody concerned what changed; nothing where it is nothing to them."""
    sentences = [
        f"Its {name} is now {_value(new, event)} (before: {_value(old, event)})."
        for field, name in TOLD_CHANGES.items()
        if field in changes
        for old, new in [changes[field]]
    ]
    if not sentences:
        return []
    key = f"event_changed:{event.pk}:{uuid7()}"
    text = f"{event.name} has changed. {' '.join(sentences)}"
    return [
        Message(
            user_id=user_id, key=key, type=MessageType.EVENT_CHANGED, text=text, event_id=event.pk
        )
        for user_id in user_ids
    ]


def waitlist_joined(entry: WaitlistEntry) -> Message:
    """Confirm a place in line; its event is loaded. Joining again is told again."""
    text = f"You are in line for {seats(entry.quantity)} for {entry.event.name}"
    text += f", at position {entry.position}." if entry.position else "."
    return Message(
        user_id=entry.user_id,
        key=f"waitlist_join:{entry.pk}:{uuid7()}",
        type=MessageType.WAITLIST_JOIN,
        text=f"{text} We will write as soon as seats come free.",
        event_id=entry.event_id,
        data={"entry": entry.pk},
    )


def promotion_made(event: Event, promotion: Promotion) -> Message:
    """Tell that seats are kept, and until when."""
    return Message(
        user_id=promotion.user_id,
        key=f"promotion:{promotion.pk}",
        type=MessageType.WAITLIST_PROMOTION,
        text=(
            f"{seats(promotion.quantity)} for {event.name} "
            f"{'is' if promotion.quantity == 1 else 'are'} kept for you until "
            f"{moment(promotion.expires_at, event.zone)}. Claim or decline in time."
        ),
        event_id=event.pk,
        data={"promotion": promotion.pk, "entry": promotion.waitlist_id},
    )


def promotion_ended(event: Event, promotion: Promotion) -> Message:
    """Tell that an offer has ended; who declined it knows, and gets no mail."""
    declined = promotion.status == PromotionStatus.DECLINED
    what = f"{seats(promotion.quantity)} for {event.name}"
    return Message(
        user_id=promotion.user_id,
        key=f"promotion_ended:{promotion.pk}",
        type=MessageType.PROMOTION_ENDED,
        text=(
            f"You have declined {what}, and left the line. You can join it again at any time."
            if declined
            else f"The time to claim {what} is over, so they went to the next in line. "
            "You can join the line again, at its end."
        ),
        event_id=event.pk,
        channels=IN_APP_ALONE if declined else (Channel.IN_APP, Channel.EMAIL),
        data={"promotion": promotion.pk, "entry": promotion.waitlist_id},
    )


def entry_closed(event: Event, entry: WaitlistEntry) -> Message:
    """Tell that the line is closed for somebody who still stood in it."""
    if event.is_cancelled:
        return event_cancelled(event, entry.user_id)
    return Message(
        user_id=entry.user_id,
        key=f"waitlist_closed:{entry.pk}:{_stamp(entry.joined_at)}",
        type=MessageType.WAITLIST_CLOSED,
        text=f"The line for {event.name} is closed. No seats came free for you, we are sorry.",
        event_id=event.pk,
        data={"entry": entry.pk},
    )


def _value(value: Any, event: Event) -> str:
    if value is None or value == "":
        return "open"
    return moment(value, event.zone) if isinstance(value, datetime) else str(value)


def _sentence(reason: str) -> str:
    reason = reason.strip()
    return reason if reason.endswith((".", "!", "?")) else f"{reason}."


def _stamp(at: datetime) -> str:
    return at.isoformat()
