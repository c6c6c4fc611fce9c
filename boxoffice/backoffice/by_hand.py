"""Booking by hand: an organizer books for a person, for a guest list or by phone."""

from decimal import Decimal
from uuid import UUID

from bookings.models import Booking
from bookings.operations import DrawPending, SoldOut, WaitlistFirst
from bookings.operations.booking import event_on_sale
from bookings.operations.placing import draft_booking, write_booking
from evently.accounts.models import User
from evently.accounts.operations import end_unverified_password, find_or_create_guest
from evently.database.identity import acting_as, attendee
from evently.errors import Conflict, Invalid
from evently.formatting import seats
from evently.idempotency.keys import Idempotency
from evently.origin import Origin
from evently.person_names import NameInvalid, clean_name
from evently.privacy.addresses import AddressInvalid, clean_address
from evently.transactions import run_in_transaction
from events.locks import lock_event
from events.operations import check_quantity
from waitlists.operations import book_out_of_order


class HasSeats(Conflict):
    """The person has seats for this event. Raise it as `HasSeats(user, number)`."""

    code = "has_seats"

    def __init__(self, user: User, number: int) -> None:
        super().__init__(
            f"{user.display_name} has {seats(number)} for this event already. Tick “Book again” to "
            "book more."
        )


class NoFreeSeats(Conflict):
    """Too few seats are free, or they are kept for the waitlist."""

    code = "no_free_seats"
    message = (
        "Too few seats are free, or people on the waitlist come first. Tick “Add seats to the "
        "event” and give a reason, or offer them the seats on the Waitlist tab."
    )


class BookingsWait(Conflict):
    """A draw is pending: nothing is booked until then."""

    code = "draw_pending"
    message = (
        "A draw is pending, and no seats are booked until its result, also not by hand. You can "
        "call it off on the page “Draw” of the tab Waitlist, until it closes."
    )


def book_by_hand(
    *,
    event_id: UUID,
    email: str,
    name: str,
    quantity: int,
    origin: Origin,
    is_free: bool = False,
    again: bool = False,
    add_seats: bool = False,
    reason: str = "",
    idempotency: Idempotency | None = None,
) -> Booking:
    """Book seats for the person with an email address; they get the tickets by email.

    is_free: without charge; otherwise at the current price. again: even if the person has seats.
    add_seats: where too few seats are free, or people are waiting, raise the capacity by as many;
    needs a reason, which everyone on the waitlist can read. The event must be on sale.
    Raises Invalid, AddressInvalid, NameInvalid, HasSeats, NoFreeSeats, BookingsWait, SalesClosed,
    PersonLimit, AccountInactive, ReasonRequired, EventBusy; Replayed (`idempotency`).
    """
    check_quantity(quantity)
    email, name = _checked(email, name)
    event_on_sale(event_id)
    user = find_or_create_guest(email=email, name=name)
    # What a booking writes is its owner's, whoever makes it: the trail has who that was.
    owner = attendee(user.pk)

    def book() -> Booking:
        event, at = event_on_sale(event_id)
        _check_seats_of(user, event_id, again=again)
        end_unverified_password(user_id=user.pk)
        price = Decimal(0) if is_free else event.current_price
        booking = draft_booking(
            event=event, user_id=user.pk, quantity=quantity, unit_price=price, at=at
        )
        with acting_as(owner):
            return write_booking(booking, origin=origin)

    def book_with_more_seats() -> Booking:
        event = lock_event(event_id)
        _check_seats_of(user, event_id, again=again)
        end_unverified_password(user_id=user.pk)
        return book_out_of_order(
            locked_event=event,
            user_id=user.pk,
            quantity=quantity,
            unit_price=Decimal(0) if is_free else event.current_price,
            reason=reason,
            origin=origin,
        )

    try:
        return run_in_transaction(book, idempotency=idempotency)
    except DrawPending as pending:
        raise BookingsWait from pending
    except (SoldOut, WaitlistFirst):
        if not add_seats:
            raise NoFreeSeats from None
    return run_in_transaction(book_with_more_seats, idempotency=idempotency)


def _checked(email: str, name: str) -> tuple[str, str]:
    """Return both, cleaned. Raises Invalid with a sentence for each that is wrong."""
    errors = {}
    try:
        email = clean_address(email)
    except AddressInvalid as refusal:
        errors["email"] = refusal.text
    try:
        name = clean_name(name)
    except NameInvalid as refusal:
        errors["name"] = refusal.text
    if errors:
        raise Invalid(fields=errors)
    return email, name


def _check_seats_of(user: User, event_id: UUID, *, again: bool) -> None:
    """Raise HasSeats where a person has seats, unless they are to have more."""
    if again:
        return
    bookings = Booking.objects.filter(event_id=event_id, user_id=user.pk).holding_seats()
    number = sum(bookings.values_list("quantity", flat=True))
    if number:
        raise HasSeats(user, number)
