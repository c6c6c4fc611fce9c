"""Joining a waitlist without logging in, with an email address that anyone could enter.

The response must not reveal what is known about the owner of the address, as with bookings
(`bookings.operations.guests`).
"""

from collections.abc import Callable
from decimal import Decimal
from uuid import UUID

from bookings.operations import PersonLimit
from bookings.operations.guest_limits import JOINS, count_guest, only_what_was_sent_counts
from bookings.operations.guests import notify_owner, replay_for_guest
from bookings.operations.owner_notified import OwnerNotified
from evently.accounts.operations import AccountInactive, find_or_create_guest
from evently.database.clock import now
from evently.database.identity import acting_as, attendee
from evently.errors import DomainError
from evently.idempotency.keys import Idempotency
from evently.origin import Origin
from evently.person_names import clean_name
from evently.privacy.addresses import clean_address
from events.locks import EventNotFound
from events.operations import check_on_sale
from events.queries import public_event
from events.sale import sale_of
from waitlists.models import WaitlistEntry
from waitlists.operations.joining import (
    check_shown_price,
    join_waitlist,
    smallest_acceptable_quantity,
)
from waitlists.operations.refusals import (
    AlreadyWaiting,
    OffersLapsed,
    PlaceLimit,
    RejoinedTooOften,
    SeatsAvailable,
)

# Reasons that concern the owner of the address alone.
OWNERS_REFUSALS = (AlreadyWaiting, PersonLimit, AccountInactive, OffersLapsed, RejoinedTooOften)


def join_as_guest(
    *,
    event_id: UUID,
    email: str,
    name: str,
    quantity: int,
    min_quantity: int | None,
    origin: Origin,
    unit_price: Decimal | None = None,
    timezone: str = "",
    form_idempotency: Callable[[UUID], Idempotency | None],
) -> WaitlistEntry:
    """Add the owner of an email address to the waitlist, creating an account if they have none.

    form_idempotency: returns the form's idempotency key for a user id.
    Raises what `join_waitlist` raises; AddressInvalid, NameInvalid, TooManyAttempts, GuestLimit;
    OwnerNotified if the reason concerns the owner alone, who is notified by email.
    """
    email, name = clean_address(email), clean_name(name)
    smallest = smallest_acceptable_quantity(quantity, min_quantity)
    try:
        _check_for_anyone(event_id, quantity=quantity, smallest=smallest, unit_price=unit_price)
        counted = count_guest(JOINS, event_id=event_id, origin=origin)
    except DomainError:
        replay_for_guest(email, form_idempotency)
        raise
    with only_what_was_sent_counts(counted):
        try:
            user = find_or_create_guest(email=email, name=name)
            with acting_as(attendee(user.pk)):
                return join_waitlist(
                    event_id=event_id,
                    user_id=user.pk,
                    quantity=quantity,
                    min_quantity=min_quantity,
                    unit_price=unit_price,
                    timezone=timezone,
                    idempotency=form_idempotency(user.pk),
                    as_guest=True,
                )
        except OWNERS_REFUSALS as refusal:
            # The event may have changed since the first check: a reason that holds for everyone
            # may be shown.
            _check_for_anyone(event_id, quantity=quantity, smallest=smallest, unit_price=unit_price)
            notify_owner(event_id=event_id, email=email, quantity=quantity, refusal=refusal)
            raise OwnerNotified from None


def _check_for_anyone(
    event_id: UUID, *, quantity: int, smallest: int, unit_price: Decimal | None
) -> None:
    """Raise what would be raised for any user, as far as it can be known without locks."""
    event = public_event(event_id)
    if event is None:
        raise EventNotFound
    at = now()
    check_on_sale(event, at=at)
    if quantity > event.place_limit:
        raise PlaceLimit
    if quantity > (event.max_per_person or quantity):
        raise PersonLimit
    sale = sale_of(event, at=at)
    if sale.can_book and smallest <= sale.available:
        raise SeatsAvailable
    check_shown_price(event, unit_price)
