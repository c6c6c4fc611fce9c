"""Booking without logging in, under an email address that anyone can type.

The answer must not reveal what the owner of the address has booked, or whether their account is
deactivated. So reasons that hold for any user are checked before the address is looked up. The
remaining reasons concern the owner alone, and only they are notified, by email. So an address
cannot be probed without its owner noticing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from uuid import UUID

from bookings.models import Booking
from bookings.operations.attempts import log_refusal
from bookings.operations.booking import (
    Promise,
    book_seats_of_guest,
    check_bookable,
    check_shown_price,
    event_on_sale,
    price_to_pay,
)
from bookings.operations.guest_limits import BOOKINGS, count_guest, only_what_was_sent_counts
from bookings.operations.owner_notified import OwnerNotified
from bookings.operations.placing import draft_booking, write_booking
from bookings.operations.rebooking import RebookedTooOften
from bookings.operations.refusals import BookingLimit, PersonLimit, SoldOut
from bookings.signals import guest_refused
from evently.accounts.models import User
from evently.accounts.operations import AccountInactive, TooManyAttempts, find_or_create_guest
from evently.accounts.queries import user_with_address
from evently.database.identity import acting_as, as_worker, attendee
from evently.database.ids import uuid7
from evently.errors import DomainError
from evently.idempotency.keys import Idempotency, raise_first_answer
from evently.metrics import count_booking_attempt
from evently.origin import Origin
from evently.person_names import NameInvalid, clean_name
from evently.privacy.addresses import AddressInvalid, clean_address
from evently.throttle import Limit, client_of, count
from evently.transactions import run_in_transaction
from events.models import Event
from events.operations import check_quantity

# Refused attempts that one user or client can add to the log; a venue's visitors may share one.
LOGGED_FORM_REFUSALS = Limit("refusals_of_strangers", most=200, window=timedelta(hours=1))
# The code of an invalid form in the log.
INVALID = "invalid"


class _BookingPossible(Exception):
    """A new user could book this; raised to roll the trial back."""


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
    terms_shown: str | None = None,
    seen: tuple[Event, datetime] | None = None,
) -> Booking:
    """Book seats for the owner of an email address, and create a guest account if there is none.

    The attempt is logged whether it succeeds or not. The booking's user is loaded. quantity, quote,
    unit_price, holder, terms_shown: as in `book_seats`. form_idempotency: returns the idempotency
    of the form for a user's id. seen: the published event as the caller has just read it, and when.
    Raises what `book_seats` raises; AddressInvalid, NameInvalid, TooManyAttempts, GuestLimit;
    OwnerNotified.
    """
    promise = Promise(quote=quote, unit_price=unit_price, holder=holder)
    log_refused = partial(log_refused_form, event_id=event_id, quantity=quantity, origin=origin)
    with log_refused():
        email, name = clean_address(email), clean_name(name)
        try:
            _check_for_any_user(event_id, promise, quantity=quantity, seen=seen)
            counted = count_guest(BOOKINGS, event_id=event_id, origin=origin)
        except DomainError:
            # A form sent again shows its booking, even if that took the last seats.
            replay_for_guest(email, form_idempotency)
            raise
    with only_what_was_sent_counts(counted):
        try:
            with log_refused():
                user = find_or_create_guest(email=email, name=name)
            with acting_as(attendee(user.pk)):
                booking = book_seats_of_guest(
                    event_id=event_id,
                    user_id=user.pk,
                    quantity=quantity,
                    promise=promise,
                    origin=origin,
                    idempotency=form_idempotency(user.pk),
                    terms_shown=terms_shown,
                )
            booking.user = user
            return booking
        except (AccountInactive, PersonLimit, RebookedTooOften) as refusal:
            if isinstance(refusal, AccountInactive):
                # In place of the booking that the other reasons refuse, so that the response time
                # does not reveal which it was.
                _try_as_new_user(event_id, promise, quantity=quantity)
            # Where any user is refused by now, this raises why, and the owner is not notified.
            _try_as_new_user(event_id, promise, quantity=quantity)
            notify_owner(event_id=event_id, email=email, quantity=quantity, refusal=refusal)
            raise OwnerNotified from None


def log_invalid_form(
    *, event_id: UUID, user_id: UUID | None, quantity: int | None, origin: Origin
) -> None:
    """Log an attempt whose form was invalid, up to a limit per user or client.

    Of what was typed, only the quantity is stored: None where it is not a number.
    """
    _log_up_to_limit(
        event_id=event_id, user_id=user_id, quantity=quantity, code=INVALID, origin=origin
    )


@contextmanager
def log_refused_form(*, event_id: UUID, quantity: int, origin: Origin) -> Iterator[None]:
    """Log the refusal that leaves the block, up to a limit per client, then let it through."""
    try:
        yield
    except DomainError as refusal:
        code = INVALID if isinstance(refusal, AddressInvalid | NameInvalid) else refusal.code
        _log_up_to_limit(
            event_id=event_id, user_id=None, quantity=quantity, code=code, origin=origin
        )
        raise


def _log_up_to_limit(
    *, event_id: UUID, user_id: UUID | None, quantity: int | None, code: str, origin: Origin
) -> None:
    """Log a refused attempt that cost its sender nothing; beyond the limit only count it."""
    try:
        count((LOGGED_FORM_REFUSALS, str(user_id or client_of(origin.ip_address) or "")))
    except TooManyAttempts:
        count_booking_attempt(code)
        return
    log_refusal(event_id=event_id, user_id=user_id, quantity=quantity, code=code, origin=origin)


def _check_for_any_user(
    event_id: UUID, promise: Promise, *, quantity: int, seen: tuple[Event, datetime] | None
) -> None:
    """Raise what `book_seats` raises for any user, as far as reading without locks can tell."""
    check_quantity(quantity)
    event, at = seen or event_on_sale(event_id)
    check_bookable(event, at=at)
    price_to_pay(event, promise, quantity=quantity, at=at)
    if quantity > event.max_per_booking:
        raise BookingLimit
    if quantity > (event.max_per_person or quantity):
        raise PersonLimit
    if quantity > event.available_seats:
        raise SoldOut
    check_shown_price(event, promise)


@as_worker()
def replay_for_guest(email: str, form_idempotency: Callable[[UUID], Idempotency | None]) -> None:
    """Raise what the first submission of a form raised for its sender, if it was sent before.

    Raises Replayed, IdempotencyMismatch.
    """
    user = user_with_address(email)
    # Also for an unknown address, so that the response time does not reveal who has an account.
    idempotency = form_idempotency(user.pk if user else uuid7())
    if idempotency is not None:
        raise_first_answer(idempotency)


@as_worker()
def _try_as_new_user(event_id: UUID, promise: Promise, *, quantity: int) -> None:
    """Raise what `book_seats` raises for any user, as judged by the database's triggers.

    Books for a new user, who has neither seats nor waitlist entries, and rolls that back.
    """

    def book() -> None:
        event, at = event_on_sale(event_id)
        price, _ = price_to_pay(event, promise, quantity=quantity, at=at)
        user = User.objects.create_user(email=f"{uuid7().hex}@example.org", name="Guest")
        booking = draft_booking(
            event=event, user_id=user.pk, quantity=quantity, unit_price=price, at=at
        )
        write_booking(booking, origin=Origin(ip_address=None, user_agent=""))
        check_shown_price(event, promise)
        raise _BookingPossible

    try:
        run_in_transaction(book)
    except _BookingPossible:
        return


@as_worker()
def notify_owner(*, event_id: UUID, email: str, quantity: int, refusal: DomainError) -> None:
    """Announce what was requested with a user's email address, and why it was refused."""

    def announce() -> None:
        event, user = Event.objects.get(pk=event_id), user_with_address(email)
        if user is not None:
            guest_refused.send(
                sender=User, event=event, user=user, quantity=quantity, refusal=refusal
            )

    run_in_transaction(announce)
