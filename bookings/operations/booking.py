"""Booking seats: Python keeps the price promise, database triggers count the seats.

A booking reads its event without a lock, and is then written by one statement. That locks the
event's row, and triggers check sales, limits, seats, waitlist and price against what the row says
now (`refusals`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from uuid import UUID

from bookings.models import Booking
from bookings.operations.attempts import log_refused_attempt
from bookings.operations.placing import Shown, draft_booking, write_booking, write_booking_alone
from bookings.operations.rebooking import bookings_so_far, check_rebooking
from bookings.operations.refusals import (
    AlreadyBooked,
    PaymentUnsupported,
    PriceChanged,
    PriceRequired,
    UnverifiedAccess,
)
from bookings.operations.sold_out import refuse_sold_out
from bookings.operations.tickets import name_tickets
from bookings.queries import seats_of_user
from evently.accounts.operations import end_unverified_password
from evently.currencies import in_decimals
from evently.database.functions import Clock
from evently.database.prepared import PreparedQuery
from evently.errors import DomainError
from evently.idempotency.keys import Idempotency
from evently.origin import Origin
from evently.transactions import run_in_statement, run_in_transaction
from events.attendance import terms_of
from events.locks import EventNotFound
from events.models import Event, PaymentMode, UnansweredPolicy
from events.operations import (
    Quote,
    check_on_sale,
    check_quantity,
    check_quoted_quantity,
    read_quote,
)
from events.queries import event_at_clock


@dataclass(frozen=True)
class Promise:
    """The price that a client was promised by a quote, or was shown.

    holder: to whom the quote was given.
    """

    quote: str | None = None
    unit_price: Decimal | None = None
    holder: str = ""


EVENT_AND_BOOKINGS = PreparedQuery(
    lambda event_id, user_id: (
        Event.objects.published()
        .annotate(clock=Clock(), so_far=bookings_so_far(user_id))
        .filter(pk=event_id)
    ),
    event_id=UUID,
    user_id=UUID,
)


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
    known_seats: int | None = None,
    terms_shown: str | None = None,
) -> Booking:
    """Book seats for a user, and log the attempt whether it succeeds or not.

    quantity: seats, 1 to 10. quote or unit_price: what the client was promised or shown, required
    where the event has a price; the user pays that or the current price, whichever is lower.
    holder: to whom the quote was given, by default the user. known_seats: how many seats of the
    event the form said that the user has; None where they are asked elsewhere. terms_shown: what
    the form said about not answering whether they are still coming (`events.attendance`); None
    where the client reads it from the event.
    Raises EventNotFound, Invalid (quantity), SalesClosed, BookingLimit, PersonLimit, SoldOut,
    WaitlistFirst, PriceRequired, PriceChanged, QuoteInvalid, QuoteUsed, AlreadyBooked,
    RebookedTooOften, EventBusy; Replayed (`idempotency`).
    """
    promise = Promise(quote=quote, unit_price=unit_price, holder=holder or str(user_id))

    def book() -> Booking | DomainError:
        booking = _draft(event_id, user_id, quantity, promise, terms_shown)
        shown = Shown(known_seats, price_has_risen(booking.event, promise))
        if booking.event.available_seats < quantity:
            refusal = refuse_sold_out(booking, origin=origin, idempotency=idempotency)
            if refusal is not None:
                return refusal
        with _saying_prices(booking.event, promise):
            return write_booking_alone(booking, origin=origin, shown=shown, idempotency=idempotency)

    with log_refused_attempt(
        event_id=event_id, user_id=user_id, quantity=quantity, origin=origin
    ) as attempt:
        try:
            outcome = run_in_statement(book)
        except AlreadyBooked:
            raise AlreadyBooked(seats=seats_of_user(event_id=event_id, user_id=user_id)) from None
        if isinstance(outcome, DomainError):
            # Not raised in `book`, which would undo the statement that logged it.
            attempt.is_logged = True
            raise outcome
        return outcome


def book_seats_of_guest(
    *,
    event_id: UUID,
    user_id: UUID,
    quantity: int,
    promise: Promise,
    origin: Origin,
    idempotency: Idempotency | None,
    terms_shown: str | None,
) -> Booking:
    """Book seats as `book_seats` does, for a caller who has only typed the user's email address.

    For `book_as_guest`, which asks before how many seats are left.
    """

    def book(*, ends_access: bool = False) -> Booking:
        booking = _draft(event_id, user_id, quantity, promise, terms_shown)
        shown = Shown(price_has_risen=price_has_risen(booking.event, promise))
        with _saying_prices(booking.event, promise):
            if not ends_access:
                return write_booking_alone(
                    booking, origin=origin, shown=shown, idempotency=idempotency, as_guest=True
                )
            end_unverified_password(user_id=user_id)
            return write_booking(booking, origin=origin, shown=shown)

    with log_refused_attempt(event_id=event_id, user_id=user_id, quantity=quantity, origin=origin):
        try:
            return run_in_statement(book)
        except UnverifiedAccess:
            return run_in_transaction(partial(book, ends_access=True), idempotency=idempotency)


def book_held_seats(
    *,
    locked_event: Event,
    booking_id: UUID,
    user_id: UUID,
    quantity: int,
    unit_price: Decimal,
    origin: Origin,
    at: datetime,
    terms: UnansweredPolicy | None = None,
) -> Booking:
    """Book the seats that an offer held, in the transaction that accepts it; log and announce it.

    The tickets bear the user's name from then on.

    unit_price: at most the current price. at, terms: as of `draft_booking`. The offer must already
    be marked as used, with this `booking_id`: that returns its seats, and shows the triggers which
    booking may take them.
    """
    booking = draft_booking(
        event=locked_event,
        user_id=user_id,
        quantity=quantity,
        unit_price=unit_price,
        at=at,
        booking_id=booking_id,
        terms=terms,
    )
    write_booking(booking, origin=origin, of_offer=True)
    name_tickets(booking=booking)
    return booking


def event_on_sale(event_id: UUID, *, user_id: UUID | None = None) -> tuple[Event, datetime]:
    """Return a published event that is on sale, and the database's time.

    user_id: whose bookings of it, for `check_rebooking`, are read in the same query.
    Raises EventNotFound, SalesClosed, PaymentUnsupported.
    """
    if user_id is None:
        found = event_at_clock(event_id)
    else:
        row: Event | None = EVENT_AND_BOOKINGS.first(event_id=event_id, user_id=user_id)
        found = None if row is None else (row, vars(row)["clock"])
    if found is None:
        raise EventNotFound
    event, at = found
    check_bookable(event, at=at)
    return event, at


def check_bookable(event: Event, *, at: datetime) -> None:
    """Raise SalesClosed or PaymentUnsupported where a published event takes no bookings."""
    check_on_sale(event, at=at)
    if event.payment_mode == PaymentMode.TRANSFER:
        raise PaymentUnsupported


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


def price_has_risen(event: Event, promise: Promise) -> bool:
    """Return whether the price is above the one that was shown, and it was not quoted."""
    shown = None if promise.quote else promise.unit_price
    return shown is not None and shown < event.current_price


def check_shown_price(event: Event, promise: Promise) -> None:
    """Raise PriceChanged where the price has risen above the one shown, unless it was quoted."""
    if promise.unit_price is not None and price_has_risen(event, promise):
        raise PriceChanged(
            seen_price=in_decimals(promise.unit_price, event.currency),
            current_price=in_decimals(event.current_price, event.currency),
        )


def _draft(
    event_id: UUID, user_id: UUID, quantity: int, promise: Promise, terms_shown: str | None
) -> Booking:
    """Return a drafted booking, with what can be refused before anything is written refused."""
    check_quantity(quantity)
    event, at = event_on_sale(event_id, user_id=user_id)
    price, quote = price_to_pay(event, promise, quantity=quantity, at=at)
    check_rebooking(vars(event)["so_far"], event_id=event_id, user_id=user_id, at=at)
    return draft_booking(
        event=event,
        user_id=user_id,
        quantity=quantity,
        unit_price=price,
        at=at,
        quote=quote,
        terms=_terms_promised(event, terms_shown, at=at),
    )


@contextmanager
def _saying_prices(event: Event, promise: Promise) -> Iterator[None]:
    """Let a refused price say both prices, as far as the event tells that was read."""
    try:
        yield
    except PriceChanged:
        check_shown_price(event, promise)
        raise


def _terms_promised(event: Event, shown: str | None, *, at: datetime) -> UnansweredPolicy | None:
    """Return what an event does with unanswered seats, but nothing worse than a form has shown."""
    terms = terms_of(event, at=at)
    if terms is UnansweredPolicy.RETURN and shown not in (None, UnansweredPolicy.RETURN):
        return UnansweredPolicy.KEEP
    return terms
