"""Joining a line without logging in: under an address that anybody can type.

A stranger is told the same whoever's address it is, as when they book (`bookings.operations`).
"""

from collections.abc import Callable
from uuid import UUID

from bookings.operations import BookingLimit, PersonLimit
from bookings.operations.guests import OwnerNotified, notify_owner, replay_for_guest
from evently.accounts.operations import AccountInactive, find_or_create_guest
from evently.database.clock import now
from evently.errors import DomainError
from evently.idempotency.keys import Idempotency
from evently.privacy.addresses import clean_address, clean_name
from events.locks import EventNotFound
from events.operations import SalesClosed
from events.queries import public_event
from waitlists.availability import WaitlistSummary, seats_of, waitlist_summaries
from waitlists.models import WaitlistEntry
from waitlists.operations.joining import (
    AlreadyWaiting,
    SeatsAvailable,
    join_waitlist,
    smallest_acceptable_quantity,
)


def join_as_guest(
    *,
    event_id: UUID,
    email: str,
    name: str,
    quantity: int,
    min_quantity: int | None,
    form_idempotency: Callable[[UUID], Idempotency | None],
) -> WaitlistEntry:
    """Put the owner of an address in line; they get an account where they have none.

    form_idempotency: what makes it safe to be sent twice, by the person's id.
    Raises what `join_waitlist` raises; AddressInvalid, NameInvalid, TooManyAttempts; OwnerNotified
    where the reason concerns the owner alone, who is told by mail.
    """
    email, name = clean_address(email), clean_name(name)
    least = smallest_acceptable_quantity(quantity, min_quantity)
    try:
        _refuse_anybody(event_id, quantity=quantity, least=least)
    except DomainError:
        replay_for_guest(email, form_idempotency)
        raise
    try:
        user = find_or_create_guest(email=email, name=name)
        return join_waitlist(
            event_id=event_id,
            user_id=user.pk,
            quantity=quantity,
            min_quantity=min_quantity,
            idempotency=form_idempotency(user.pk),
            as_guest=True,
        )
    except (AlreadyWaiting, PersonLimit, AccountInactive) as refusal:
        # Something may have changed since the first look, for everybody.
        _refuse_anybody(event_id, quantity=quantity, least=least)
        notify_owner(event_id=event_id, email=email, quantity=quantity, refusal=refusal)
        raise OwnerNotified from None


def _refuse_anybody(event_id: UUID, *, quantity: int, least: int) -> None:
    """Refuse what anybody would be refused, as far as one look without locks tells."""
    event = public_event(event_id)
    if event is None:
        raise EventNotFound
    if not event.is_on_sale(at=now()):
        raise SalesClosed
    if quantity > event.max_per_booking:
        raise BookingLimit
    if quantity > (event.max_per_person or quantity):
        raise PersonLimit
    seats = seats_of(event, waitlist_summaries([event.pk]).get(event.pk, WaitlistSummary()))
    if least <= seats.available and not seats.kept_for_line:
        raise SeatsAvailable
