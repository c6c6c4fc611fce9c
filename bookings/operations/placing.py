"""Write bookings: a booking, its attempt, its messages and its answer are one statement.

`evently_book` inserts the rows of this app, and keeps the idempotency key; higher apps add theirs
(`Addition`). All of it is rendered before the booking exists. Its reference, which the database
makes, is a stand-in until then, and replaced as the rows are written.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from bookings.models import Booking, BookingStatus
from bookings.operations.refusals import REFUSALS
from bookings.signals import booking_drafted
from evently.accounts.queries import mailbox_of, user_by_id
from evently.audit.context import facts_for
from evently.database.ids import uuid7
from evently.database.limits import note_locked
from evently.database.prepared import execute_prepared
from evently.idempotency.keys import (
    Idempotency,
    RequestInProgress,
    answer_of,
    claim_of,
    raise_first_answer,
)
from evently.metrics import count_booking_attempt
from evently.origin import Origin
from evently.transactions import RetryTransaction, refusing
from events.models import Event, UnansweredPolicy
from events.operations import Quote

BOOK = """
    SELECT booked.reference{additions}
    FROM evently_book(%s::text[], %s::text[], %s::int, %s::text, %s::text,
        %s::uuid, %s::uuid, %s::uuid, %s::int, %s::numeric, %s::timestamptz,
        %s::uuid, %s::int, %s::text, %s::text,
        %s::int, %s::boolean, %s::inet, %s::text) AS booked(reference)
"""
ACCESS_ENDED = "evently_access_ended(%s::uuid)"
REPLACED = "replace(%s, %s, booked.reference)"


@dataclass(frozen=True)
class Addition:
    """What a receiver of `booking_drafted` adds to the statement that writes the booking.

    expression: SQL that calls a function, with one %s for the text. text: with the reference that
    the booking has until it is written. The function gets it with the true one; NULL where nothing
    was booked.
    """

    expression: str
    text: str


@dataclass(frozen=True)
class Shown:
    """What the user was shown before.

    seats: how many of the event they have; None where they are asked elsewhere. price_has_risen:
    whether the price is above the one shown, which is of interest only where there are seats.
    """

    seats: int | None = None
    price_has_risen: bool = False


ANYTHING = Shown()


class _KeyExpired(RetryTransaction):
    """The idempotency key was claimed before, and has expired since."""

    refusal = RequestInProgress


def draft_booking(
    *,
    event: Event,
    user_id: UUID,
    quantity: int,
    unit_price: Decimal,
    at: datetime,
    booking_id: UUID | None = None,
    quote: Quote | None = None,
    terms: UnansweredPolicy | None = None,
) -> Booking:
    """Return a confirmed booking that is not written yet, under a reference for the time being.

    at: the database's time. quote: used for its seats, once (`trg_quote_used`). terms: what the
    user was shown about not answering whether they are still coming; None where they were shown
    nothing.
    """
    return Booking(
        id=booking_id or uuid7(),
        event=event,
        user_id=user_id,
        quantity=quantity,
        unit_price=unit_price,
        total_amount=unit_price * quantity,
        status=BookingStatus.CONFIRMED,
        # In no other text, as what it stands in is replaced.
        booking_reference=f"reference-{uuid7().hex}",
        created_at=at,
        updated_at=at,
        quote_id=quote.id if quote else None,
        quote_quantity=quote.quantity if quote else None,
        # Counts for the limit; without one, no query is spent on it.
        mailbox=mailbox_of(user_by_id(user_id)) if event.max_per_person else None,
        unanswered_policy=terms,
    )


def write_booking(
    booking: Booking,
    *,
    origin: Origin,
    of_offer: bool = False,
    shown: Shown = ANYTHING,
) -> Booking:
    """Write a drafted booking in the caller's transaction, log and announce it; return it.

    of_offer: its seats were offered to the user. Raises what `REFUSALS` lists.
    """
    reference = _write(
        booking,
        context=None,
        idempotency=None,
        origin=origin,
        of_offer=of_offer,
        shown=shown,
    )
    transaction.on_commit(lambda: count_booking_attempt(booking.status), robust=True)
    return _written(booking, reference)


def write_booking_alone(
    booking: Booking,
    *,
    origin: Origin,
    shown: Shown = ANYTHING,
    idempotency: Idempotency | None = None,
    as_guest: bool = False,
) -> Booking:
    """Write a drafted booking in a transaction of its own, which is this one statement.

    For `run_in_statement`. as_guest: only where the user's account has no access that would have to
    end. Raises what `REFUSALS` lists; Replayed, IdempotencyMismatch.
    """
    reference = _write(
        booking,
        context=facts_for(connection),
        idempotency=idempotency,
        origin=origin,
        of_offer=False,
        shown=shown,
        as_guest=as_guest,
    )
    if reference is None and idempotency is not None:
        raise_first_answer(idempotency)
        raise _KeyExpired
    count_booking_attempt(booking.status)
    return _written(booking, reference)


def _write(
    booking: Booking,
    *,
    context: list[str] | None,
    idempotency: Idempotency | None,
    origin: Origin,
    of_offer: bool,
    shown: Shown,
    as_guest: bool = False,
) -> str | None:
    """Execute the statement; return the reference, None where the idempotency key is taken."""
    stand_in = booking.booking_reference
    sent = booking_drafted.send(sender=Booking, booking=booking, of_offer=of_offer)
    additions: list[Any] = [addition for _, addition in sent if addition is not None]
    calls = [each.expression.replace("%s", REPLACED) for each in additions]
    if as_guest:
        calls.append(ACCESS_ENDED)
    status, answer = answer_of(idempotency, booking) if idempotency else (None, None)
    with refusing(**REFUSALS):
        ((reference, *_),) = execute_prepared(
            connection,
            BOOK.format(additions="".join(f", {call}" for call in calls)),
            [
                *(part for each in additions for part in (each.text, stand_in)),
                *([booking.user_id] if as_guest else []),
                context,
                claim_of(idempotency) if idempotency else None,
                status,
                answer,
                stand_in,
                booking.pk,
                booking.event_id,
                booking.user_id,
                booking.quantity,
                booking.unit_price,
                booking.created_at,
                booking.quote_id,
                booking.quote_quantity,
                booking.mailbox,
                booking.unanswered_policy,
                shown.seats,
                shown.price_has_risen,
                origin.ip_address,
                origin.user_agent,
            ],
            waits_for=booking.event_id,
        )
    note_locked(booking.event_id)
    return reference


def _written(booking: Booking, reference: str | None) -> Booking:
    booking.booking_reference = reference or ""
    booking._state.adding = False
    booking._state.db = connection.alias
    return booking
