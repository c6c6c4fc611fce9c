"""Seats are booked: the price promise is kept here, the seats by the database."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from bookings.models import Booking, BookingStatus
from bookings.operations.attempts import is_an_attempt, log_attempt, log_refusal
from bookings.signals import booking_confirmed
from evently.accounts.operations import end_unverified_password
from evently.database.functions import Clock
from evently.database.ids import uuid7
from evently.errors import Conflict, DomainError, Invalid
from evently.idempotency.keys import Idempotency
from evently.origin import Origin
from evently.transactions import refusing, run_in_transaction
from events.locks import EventNotFound
from events.models import Event, PaymentMode
from events.operations import SalesClosed, check_quantity, read_quote

PRICE_READS = 5


class SoldOut(Conflict):
    """Fewer seats are free than were asked for."""

    code = "sold_out"
    message = "There are not enough seats left. You can join the waitlist instead."


class WaitlistFirst(Conflict):
    """Somebody in line would take the free seats."""

    code = "waitlist_first"
    message = "The free seats are kept for the people in line. Join the waitlist to be next."


class PersonLimit(Conflict):
    """One person would have more seats than the event allows."""

    code = "person_limit"
    message = (
        "That would be more seats than one person may have for this event, "
        "counting your bookings, offers and your place in line."
    )


class BookingLimit(Invalid):
    """More seats than the event gives in one booking."""

    code = "booking_limit"
    message = "This event gives fewer seats in one booking. Please choose fewer."


class PriceRequired(Invalid):
    """A priced event is booked at a price that its maker saw."""

    code = "price_required"
    message = "Send the quote, or the unit_price that was shown."


class PriceChanged(Conflict):
    """The price rose above the one that was seen. details: both prices."""

    code = "price_changed"
    message = "The price has changed since you saw it. Please look at the new price."


class PaymentUnsupported(Conflict):
    """The event is paid in a way that cannot be booked here yet."""

    code = "payment_unsupported"
    message = "This event is paid by transfer, which cannot be booked here yet."


class _PriceFell(Conflict):
    """The price fell between reading it and taking the seats: read it again and pay less."""


@dataclass(frozen=True)
class Promise:
    """What a booker was promised: a quote, or the price they saw. holder: whose quote it is."""

    quote: str | None = None
    unit_price: Decimal | None = None
    holder: str = ""


REFUSALS: dict[str, type[DomainError]] = {
    "trg_sales_open": SalesClosed,
    "trg_booking_limit": BookingLimit,
    "trg_person_limit": PersonLimit,
    "trg_seats_available": SoldOut,
    "trg_waitlist_first": WaitlistFirst,
    "trg_price_current": _PriceFell,
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
) -> Booking:
    """Book seats for a person, and log the attempt either way.

    quantity: seats, 1 to 10. quote or unit_price: what the booker was promised or saw, needed
    where the event has a price; they pay that or the current price, whichever is lower.
    holder: whom the quote was given to, by default the person. as_guest: whoever books has only
    typed the person's address (`book_as_guest`).
    Raises EventNotFound, Invalid (quantity), SalesClosed, BookingLimit, PersonLimit, SoldOut,
    WaitlistFirst, PriceRequired, PriceChanged, QuoteInvalid, EventBusy; Replayed (`idempotency`).
    """
    promise = Promise(quote=quote, unit_price=unit_price, holder=holder or str(user_id))

    def work() -> Booking:
        check_quantity(quantity)
        event, at = event_on_sale(event_id)
        price, seen_less = price_to_pay(event, promise, quantity=quantity, at=at)
        booking = take_seats(event=event, user_id=user_id, quantity=quantity, unit_price=price)
        if seen_less:
            # Told last, for nobody cares about the price of seats that are not to be had.
            raise PriceChanged(seen_price=unit_price, current_price=event.current_price)
        log_attempt(booking=booking, origin=origin)
        if as_guest:
            end_unverified_password(user_id=user_id)
        booking_confirmed.send(sender=Booking, booking=booking)
        return booking

    return attempted(
        lambda: with_price_read_again(lambda: run_in_transaction(work, idempotency=idempotency)),
        event_id=event_id,
        user_id=user_id,
        quantity=quantity,
        origin=origin,
    )


def attempted(
    work: Callable[[], Booking],
    *,
    event_id: UUID,
    user_id: UUID | None,
    quantity: int,
    origin: Origin,
) -> Booking:
    """Run an attempt; log its refusal afterwards, since the refusal rolls back."""
    try:
        return work()
    except DomainError as refusal:
        if is_an_attempt(refusal):
            log_refusal(
                event_id=event_id,
                user_id=user_id,
                quantity=quantity,
                code=refusal.code,
                origin=origin,
            )
        raise


def with_price_read_again(work: Callable[[], Booking]) -> Booking:
    """Run an attempt again where the price fell while it was under way. Raises PriceChanged."""
    for _ in range(PRICE_READS):
        try:
            return work()
        except _PriceFell:
            continue
    raise PriceChanged


def event_on_sale(event_id: UUID) -> tuple[Event, datetime]:
    """Return a published event that is on sale, and the database's time.

    Raises EventNotFound, SalesClosed, PaymentUnsupported.
    """
    event = Event.objects.published().annotate(clock=Clock()).filter(pk=event_id).first()
    if event is None:
        raise EventNotFound
    at: datetime = event.clock
    if not event.is_on_sale(at=at):
        raise SalesClosed
    if event.payment_mode == PaymentMode.TRANSFER:
        raise PaymentUnsupported
    return event, at


def price_to_pay(
    event: Event, promise: Promise, *, quantity: int, at: datetime
) -> tuple[Decimal, bool]:
    """Return the unit price to pay, and whether it was only seen, not promised, and has risen.

    Raises PriceRequired, QuoteInvalid.
    """
    current = event.current_price
    if promise.quote:
        promised = read_quote(
            promise.quote, event_id=event.pk, quantity=quantity, holder=promise.holder, at=at
        )
        return min(promised, current), False
    if promise.unit_price is not None:
        if not promise.unit_price.is_finite():
            raise PriceRequired(fields={"unit_price": PriceRequired.message})
        # Whoever saw a lower price is refused, and whoever saw a higher one pays the current.
        return current, promise.unit_price < current
    if current > 0:
        raise PriceRequired(fields={"unit_price": PriceRequired.message})
    return current, False


def take_seats(
    *,
    event: Event,
    user_id: UUID,
    quantity: int,
    unit_price: Decimal,
    booking_id: UUID | None = None,
) -> Booking:
    """Insert a booking inside the caller's transaction; the database takes the seats."""
    booking = Booking(
        id=booking_id or uuid7(),
        event=event,
        user_id=user_id,
        quantity=quantity,
        unit_price=unit_price,
        total_amount=unit_price * quantity,
        status=BookingStatus.CONFIRMED,
    )
    with refusing(**REFUSALS):
        booking.save(force_insert=True)
    return booking
