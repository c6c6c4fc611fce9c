"""Booking without logging in: under an address that anybody can type.

No answer tells a stranger what somebody has or whether an account is switched off. What anybody
would be refused for is judged before the address is looked at. What is left concerns the owner
of the address, and is told to them alone, by mail; so nobody asks without leaving a trace.
"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from uuid import UUID

from bookings.models import Booking
from bookings.operations.attempts import is_an_attempt, log_refusal
from bookings.operations.booking import (
    BookingLimit,
    PersonLimit,
    PriceChanged,
    Promise,
    SoldOut,
    book_seats,
    event_on_sale,
    price_to_pay,
    take_seats,
    with_price_read_again,
)
from bookings.signals import guest_refused
from evently.accounts.models import User
from evently.accounts.operations import AccountInactive, TooManyAttempts, find_or_create_guest
from evently.accounts.queries import user_with_address
from evently.database.ids import uuid7
from evently.errors import Conflict, DomainError
from evently.idempotency.keys import Idempotency, raise_first_answer
from evently.metrics import count_booking_attempt
from evently.origin import Origin
from evently.privacy.addresses import AddressInvalid, NameInvalid, clean_address, clean_name
from evently.throttle import Limit, client_of, count
from evently.transactions import run_in_transaction
from events.models import Event
from events.operations import check_quantity

# Rows of the log that one client makes for nothing, without an account; a venue sits behind one.
REFUSALS_OF_STRANGERS = Limit("refusals_of_strangers", most=200, window=timedelta(hours=1))
# What is wrong with the form itself; the log has no other code for it.
INVALID = "invalid"


class OwnerNotified(Conflict):
    """Nothing was done, and why concerns the owner of the address, who is told by mail."""

    code = "owner_told"
    message = "We have sent a mail to this address; it says how to go on."


class _WouldBook(Exception):
    """Anybody could book this; what was tried is taken back."""


def book_as_guest(
    *,
    event_id: UUID,
    email: str,
    name: str,
    quantity: int,
    origin: Origin,
    quote: str | None = None,
    unit_price: Decimal | None = None,
    holder: str,
    form_idempotency: Callable[[UUID], Idempotency | None],
) -> Booking:
    """Book seats for the owner of an address, who gets an account where they have none.

    Log the attempt either way. quantity, quote, unit_price, holder: as in `book_seats`.
    form_idempotency: what makes it safe to be sent twice, by the person's id.
    Raises what `book_seats` raises; AddressInvalid, NameInvalid, TooManyAttempts; OwnerNotified.
    """
    promise = Promise(quote=quote, unit_price=unit_price, holder=holder)
    log = partial(log_guest_refusal, event_id=event_id, quantity=quantity, origin=origin)
    try:
        email, name = clean_address(email), clean_name(name)
        _refuse_anybody(event_id, promise, quantity=quantity, sent_before=(email, form_idempotency))
        user = find_or_create_guest(email=email, name=name)
    except AccountInactive as refusal:
        log(refusal=refusal)
        raise _told_to_owner(refusal, event_id, promise, email=email, quantity=quantity) from None
    except DomainError as refusal:
        log(refusal=refusal)
        raise
    try:
        return book_seats(
            event_id=event_id,
            user_id=user.pk,
            quantity=quantity,
            origin=origin,
            quote=quote,
            unit_price=unit_price,
            holder=holder,
            idempotency=form_idempotency(user.pk),
            as_guest=True,
        )
    except PersonLimit as refusal:
        raise _told_to_owner(refusal, event_id, promise, email=email, quantity=quantity) from None


def log_guest_refusal(
    *,
    event_id: UUID,
    quantity: int | None,
    origin: Origin,
    refusal: DomainError | None = None,
    user_id: UUID | None = None,
) -> None:
    """Log a refused attempt that cost nothing to make; refusal: None for what makes no sense.

    A row holds nothing of what was typed but the number of seats. One client fills the log up to
    a limit only; what is refused beyond it is counted in the metrics alone.
    """
    if refusal is not None and not is_an_attempt(refusal):
        return
    code = INVALID
    if refusal is not None and not isinstance(refusal, AddressInvalid | NameInvalid):
        code = refusal.code
    try:
        count((REFUSALS_OF_STRANGERS, str(user_id or client_of(origin.ip_address) or "")))
    except TooManyAttempts:
        count_booking_attempt(code)
        return
    log_refusal(event_id=event_id, user_id=user_id, quantity=quantity, code=code, origin=origin)


def _refuse_anybody(
    event_id: UUID,
    promise: Promise,
    *,
    quantity: int,
    sent_before: tuple[str, Callable[[UUID], Idempotency | None]],
) -> None:
    """Refuse what anybody would be refused, as far as one look without locks tells.

    sent_before: the address, and what makes a form safe to be sent twice. A form that has booked
    already shows its booking again, though it may have taken the last seats.
    """
    try:
        check_quantity(quantity)
        event, at = event_on_sale(event_id)
        _, seen_less = price_to_pay(event, promise, quantity=quantity, at=at)
        if quantity > event.max_per_booking:
            raise BookingLimit
        if quantity > (event.max_per_person or quantity):
            raise PersonLimit
        if quantity > event.available_seats:
            raise SoldOut
        if seen_less:
            raise PriceChanged(seen_price=promise.unit_price, current_price=event.current_price)
    except DomainError:
        replay_for_guest(*sent_before)
        raise


def replay_for_guest(email: str, form_idempotency: Callable[[UUID], Idempotency | None]) -> None:
    """Raise what the same form got when it was sent before, where it was.

    Raises Replayed, IdempotencyMismatch.
    """
    user = user_with_address(email)
    # For nobody too, so that the time does not tell who has an account.
    idempotency = form_idempotency(user.pk if user else uuid7())
    if idempotency is not None:
        raise_first_answer(idempotency)


def _told_to_owner(
    refusal: DomainError, event_id: UUID, promise: Promise, *, email: str, quantity: int
) -> OwnerNotified:
    """Tell the owner of an address what was refused, and return what the stranger is told.

    Raises what anybody would be refused for; then the owner hears nothing.
    """
    _refuse_as_anybody(event_id=event_id, promise=promise, quantity=quantity)
    notify_owner(event_id=event_id, email=email, quantity=quantity, refusal=refusal)
    return OwnerNotified()


def notify_owner(*, event_id: UUID, email: str, quantity: int, refusal: DomainError) -> None:
    """Let the owner of an address know what somebody asked for with it, and why it was refused."""

    def work() -> None:
        event, user = Event.objects.get(pk=event_id), user_with_address(email)
        if user is not None:
            guest_refused.send(
                sender=User, event=event, user=user, quantity=quantity, refusal=refusal
            )

    run_in_transaction(work)


def _refuse_as_anybody(*, event_id: UUID, promise: Promise, quantity: int) -> None:
    """Refuse what anybody would be refused: let somebody book who has nothing, and undo it.

    So the database judges, the line included, and stays as it was.
    Raises what `book_seats` raises.
    """

    def work() -> Booking:
        event, at = event_on_sale(event_id)
        price, seen_less = price_to_pay(event, promise, quantity=quantity, at=at)
        somebody = User.objects.create_user(email=f"{uuid7().hex}@example.org", name="Somebody")
        take_seats(event=event, user_id=somebody.pk, quantity=quantity, unit_price=price)
        if seen_less:
            raise PriceChanged(seen_price=promise.unit_price, current_price=event.current_price)
        raise _WouldBook

    try:
        with_price_read_again(lambda: run_in_transaction(work))
    except _WouldBook:
        return
