"""Why a waitlist cannot be joined, or an entry cannot be changed."""

from bookings.operations import BookingLimit, PersonLimit
from evently.errors import Busy, Conflict, Invalid
from events.locks import EventNotFound
from events.operations import SalesClosed


class AlreadyWaiting(Conflict):
    """The user already waits for this event, or has an offer."""

    code = "already_waiting"
    message = "You are already on this waitlist."
    with_offer = "Seats are already held for you. Claim or decline them first."


class PlaceOfMailbox(AlreadyWaiting):
    """Another address of the same mailbox has a confirmed place."""

    message = "You are already on this waitlist with another address of the same mailbox."


class SeatsAvailable(Conflict):
    """Enough seats are on public sale, so there is no need to wait."""

    code = "seats_available"
    message = "As many seats as you need are on sale right now, so there is no need to wait."


class NotWaiting(Conflict):
    """The entry has been booked, left or closed."""

    code = "not_waiting"
    message = "You are no longer on this waitlist."


class RejoinedTooOften(Busy):
    """The user has joined this waitlist too often to join it again right away."""

    code = "rejoining_limit"
    message = "You have joined and left this waitlist several times. Please wait an hour."


class PlaceLimit(BookingLimit):
    """More seats than one place on this waitlist can ask for."""

    message = "This is more than one person can wait for at this event. Please choose fewer seats."


class OffersLapsed(Conflict):
    """Three offers to the user ran out, so that seats were kept from others in vain."""

    code = "offers_lapsed"
    message = (
        "Three offers to you were not claimed in time, so you cannot join this waitlist again. "
        "You can still book when seats are on sale."
    )


class AutoAcceptUnsupported(Invalid):
    code = "auto_accept_unsupported"
    message = (
        "Automatic booking is not available yet. Leave out auto_accept to receive an offer instead."
    )


JOIN_REFUSALS = {
    "trg_join_closed": SalesClosed,
    "trg_join_limit": PlaceLimit,
    "trg_join_lapsed": OffersLapsed,
    "trg_person_limit": PersonLimit,
    "trg_seats_on_sale": SeatsAvailable,
    "unq_user_event_waitlist": AlreadyWaiting,
    "unq_mailbox_event_waitlist": PlaceOfMailbox,
    "fk_waitlists_event": EventNotFound,
}
