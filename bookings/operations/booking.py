"""Booking seats: Python keeps the price promise, database triggers count the seats.

A booking reads its event without a lock. The insert then locks the event row, and triggers check
sales, limits, seats, waitlist and price against what that row says now (`REFUSALS`).
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from bookings.models import Booking, BookingStatus
from bookings.operations.attempts import log_attempt, log_refused_attempt
from bookings.operations.rebooking import bookings_so_far, check_rebooking
from bookings.operations.tickets import name_tickets
from bookings.queries import seats_of_user
from bookings.signals import booking_confirmed
from evently.accounts.operations import end_unverified_password
from evently.accounts.queries import mailbox_of
from evently.currencies import in_decimals
from evently.database.functions import Clock
from evently.database.ids import uuid7
from evently.database.prepared import PreparedQuery
from evently.errors import Conflict, DomainError, Invalid
from evently.idempotency.keys import Idempotency
from evently.origin import Origin
from evently.transactions import RetryTransaction, refusing, run_in_transaction
from events.attendance import terms_of
from events.locks import EventNotFound
from events.models import Event, PaymentMode, UnansweredPolicy
from events.operations import (
    Quote,
    QuoteUsed,
    SalesClosed,
    check_on_sale,
    check_quantity,
    check_quoted_quantity,
    read_quote,
)


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


class _PriceFell(RetryTransaction):
    """The price fell between reading it and inserting the booking: read it again and pay less."""

    refusal = PriceChanged


@dataclass(frozen=True)
class Promise:
    """The price that a client was promised by a quote, or was shown.

    holder: to whom the quote was given.
    """

    quote: str | None = None
    unit_price: Decimal | None = None
    holder: str = ""


EVENT = PreparedQuery(
    lambda event_id: Event.objects.published().annotate(clock=Clock()).filter(pk=event_id),
    event_id=UUID,
)
EVENT_AND_BOOKINGS = PreparedQuery(
    lambda event_id, user_id: (
        Event.objects.published()
        .annotate(clock=Clock(), so_far=bookings_so_far(user_id))
        .filter(pk=event_id)
    ),
    event_id=UUID,
    user_id=UUID,
)

REFUSALS: dict[str, type[DomainError | RetryTransaction]] = {
    "trg_sales_open": SalesClosed,
    "trg_booking_limit": BookingLimit,
    "trg_booking_place_limit": LimitWhileWaiting,
    "trg_person_limit": PersonLimit,
    "trg_seats_available": SoldOut,
    "trg_draw_pending": DrawPending,
    "trg_waitlist_first": WaitlistFirst,
    "trg_price_current": _PriceFell,
    "trg_quote_used": QuoteUsed,
    "fk_bookings_event": EventNotFound,
}


def book_seats(
    *,
    event_id: UUID,
    user_id: UUID,
    quantity: int,
    origin: Origin,
    quote: str | None = None,
    unit_price: Decimal | None = None,
    holder: str = "",
    idempotency: Idempotency | None = None,
    as_guest: bool = False,
    known_seats: int | None = None,
    terms_shown: str | None = None,
) -> Booking:
    """Book seats for a user, and log the attempt whether it succeeds or not.

    quantity: seats, 1 to 10. quote or unit_price: what the client was promised or shown, required
    where the event has a price; the user pays that or the current price, whichever is lower.
    holder: to whom the quote was given, by default the user. as_guest: the caller is not logged in
    and only typed the user's email address (`book_as_guest`). known_seats: how many seats of the
    event the form said that the user has; None where they are asked elsewhere. terms_shown: what
    the form said about not answering whether they are still coming (`events.attendance`); None
    where the client reads it from the event.
    Raises EventNotFound, Invalid (quantity), SalesClosed, BookingLimit, PersonLimit, SoldOut,
    WaitlistFirst, PriceRequired, PriceChanged, QuoteInvalid, QuoteUsed, AlreadyBooked,
    RebookedTooOften, EventBusy; Replayed (`idempotency`).
    """
    promise = Promise(quote=quote, unit_price=unit_price, holder=holder or str(user_id))

    def book() -> Booking:
        check_quantity(quantity)
        event, at = event_on_sale(event_id, user_id=user_id)
        price, used = price_to_pay(event, promise, quantity=quantity, at=at)
        check_rebooking(vars(event)["so_far"], event_id=event_id, user_id=user_id, at=at)
        booking = insert_booking(
            event=event,
            user_id=user_id,
            quantity=quantity,
            unit_price=price,
            quote=used,
            terms=_terms_promised(event, terms_shown, at=at),
        )
        if known_seats is not None:
            _check_known_seats(booking, known_seats)
        # Checked last: the price is of no interest where there are no seats to book.
        check_shown_price(event, promise)
        if as_guest:
            end_unverified_password(user_id=user_id)
        log_and_announce(booking=booking, origin=origin)
        return booking

    with log_refused_attempt(event_id=event_id, user_id=user_id, quantity=quantity, origin=origin):
        return run_in_transaction(book, idempotency=idempotency)


def book_held_seats(
    *,
    locked_event: Event,
    booking_id: UUID,
    user_id: UUID,
    quantity: int,
    unit_price: Decimal,
    origin: Origin,
    terms: UnansweredPolicy | None = None,
) -> Booking:
    """Book the seats that an offer held, in the transaction that accepts it; log and announce it.

    The tickets bear the user's name from then on.

    unit_price: at most the current price. terms: as of `insert_booking`. The offer must already be
    marked as used, with this `booking_id`: that returns its seats, and shows the triggers which
    booking may take them.
    """
    booking = insert_booking(
        event=locked_event,
        user_id=user_id,
        quantity=quantity,
        unit_price=unit_price,
        booking_id=booking_id,
        terms=terms,
    )
    name_tickets(booking=booking)
    log_and_announce(booking=booking, origin=origin, of_offer=True)
    return booking


def event_on_sale(event_id: UUID, *, user_id: UUID | None = None) -> tuple[Event, datetime]:
    """Return a published event that is on sale, and the database's time.

    user_id: whose bookings of it, for `check_rebooking`, are read in the same query.
    Raises EventNotFound, SalesClosed, PaymentUnsupported.
    """
    if user_id is None:
        event = EVENT.first(event_id=event_id)
    else:
        event = EVENT_AND_BOOKINGS.first(event_id=event_id, user_id=user_id)
    if event is None:
        raise EventNotFound
    at: datetime = vars(event)["clock"]
    check_on_sale(event, at=at)
    if event.payment_mode == PaymentMode.TRANSFER:
        raise PaymentUnsupported
    return event, at


def price_to_pay(
    event: Event, promise: Promise, *, quantity: int, at: datetime
) -> tuple[Decimal, Quote | None]:
    """Return the price of a seat, the quoted or the current one, whichever is lower; and the quote.

    Raises PriceRequired, QuoteInvalid.
    """
    if promise.quote:
        quote = read_quote(promise.quote, event_id=event.pk, holder=promise.holder, at=at)
        check_quoted_quantity(quote, quantity)
        return min(quote.unit_price, event.current_price), quote
    shown = promise.unit_price
    is_missing = event.current_price > 0 if shown is None else not shown.is_finite()
    if is_missing:
        raise PriceRequired(fields={"unit_price": PriceRequired.message})
    return event.current_price, None


def check_shown_price(event: Event, promise: Promise) -> None:
    """Raise PriceChanged where the price has risen above the one shown, unless it was quoted."""
    if promise.quote or promise.unit_price is None:
        return
    if promise.unit_price < event.current_price:
        raise PriceChanged(
            seen_price=in_decimals(promise.unit_price, event.currency),
            current_price=in_decimals(event.current_price, event.currency),
        )


def insert_booking(
    *,
    event: Event,
    user_id: UUID,
    quantity: int,
    unit_price: Decimal,
    booking_id: UUID | None = None,
    quote: Quote | None = None,
    terms: UnansweredPolicy | None = None,
) -> Booking:
    """Insert a confirmed booking in the caller's transaction; a trigger takes the seats.

    quote: used for its seats, once (`trg_quote_used`). terms: what the user was shown about
    not answering whether they are still coming; None where they were shown nothing.
    Raises what `REFUSALS` lists; RetryTransaction where the price has fallen below `unit_price`.
    """
    booking = Booking(
        id=booking_id or uuid7(),
        event=event,
        user_id=user_id,
        quantity=quantity,
        unit_price=unit_price,
        total_amount=unit_price * quantity,
        status=BookingStatus.CONFIRMED,
        quote_id=quote.id if quote else None,
        quote_quantity=quote.quantity if quote else None,
        # Counts for the limit; without one, no query is spent on it.
        mailbox=mailbox_of(user_id) if event.max_per_person else None,
        unanswered_policy=terms,
    )
    with refusing(**REFUSALS):
        booking.save(force_insert=True)
    return booking


def _terms_promised(event: Event, shown: str | None, *, at: datetime) -> UnansweredPolicy | None:
    """Return what an event does with unanswered seats, but nothing worse than a form has shown."""
    terms = terms_of(event, at=at)
    if terms is UnansweredPolicy.RETURN and shown not in (None, UnansweredPolicy.RETURN):
        return UnansweredPolicy.KEEP
    return terms


def _check_known_seats(booking: Booking, known: int) -> None:
    """Raise AlreadyBooked where the user has more seats than they know of, besides a new booking.

    The event's row is locked by the insert, so that of two forms only one books.
    """
    seats = seats_of_user(event_id=booking.event_id, user_id=booking.user_id) - booking.quantity
    if seats > known:
        raise AlreadyBooked(seats=seats)


def log_and_announce(*, booking: Booking, origin: Origin, of_offer: bool = False) -> None:
    log_attempt(booking=booking, origin=origin)
    booking_confirmed.send(sender=Booking, booking=booking, of_offer=of_offer)
