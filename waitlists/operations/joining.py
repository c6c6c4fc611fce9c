"""Joining the line and leaving it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from bookings.operations import BookingLimit, PersonLimit
from evently.accounts.operations import end_unverified_password
from evently.errors import Conflict, Invalid
from evently.idempotency.keys import Idempotency
from evently.transactions import refusing, run_in_transaction
from events.locks import EventNotFound, lock_event
from events.models import Event
from events.operations import SalesClosed, check_quantity
from waitlists.locks import lock_entry
from waitlists.models import IN_LINE, EntryStatus, PromotionStatus, WaitlistEntry
from waitlists.operations.promotions import end_offer, promote_waiting
from waitlists.signals import waitlist_joined


class AlreadyWaiting(Conflict):
    """The person stands in this line, or has an offer."""

    code = "already_waiting"
    message = "You are on this waitlist already."


class SeatsAvailable(Conflict):
    """There are seats to book, so there is nothing to wait for."""

    code = "seats_available"
    message = "There are seats on sale right now. Book those, and wait for the rest if you like."


class NotWaiting(Conflict):
    """The entry has left the line already."""

    code = "not_waiting"
    message = "You are not on this waitlist any more."


class AutoAcceptUnsupported(Invalid):
    """Booking at once when one's turn comes is not available yet."""

    code = "auto_accept_unsupported"
    message = "Being booked automatically is not available yet. You will get an offer to claim."


# What joining again writes into the row of the first time.
TAKEN_UP = (
    "quantity",
    "min_quantity",
    "notify_prefs",
    "unit_price",
    "status",
    "priority_score",
    "priority_reason",
    "expires_at",
)
JOIN_REFUSALS = {
    "trg_join_closed": SalesClosed,
    "trg_join_limit": BookingLimit,
    "trg_person_limit": PersonLimit,
    "trg_seats_on_sale": SeatsAvailable,
    "unq_user_event_waitlist": AlreadyWaiting,
    "fk_waitlists_event": EventNotFound,
}


def join_waitlist(
    *,
    event_id: UUID,
    user_id: UUID,
    quantity: int,
    min_quantity: int | None = None,
    auto_accept: bool = False,
    notify_prefs: dict[str, Any] | None = None,
    expires_at: datetime | None = None,
    idempotency: Idempotency | None = None,
    as_guest: bool = False,
) -> WaitlistEntry:
    """Put a person in line, at the end; whoever left before joins with the same row.

    quantity: seats wished for, 1 to 10. min_quantity: with how few the person would do, by
    default all of them. expires_at: until when they wait, at most the end of sales. as_guest:
    whoever joins has only typed the person's address (`join_as_guest`).
    Raises EventNotFound, AlreadyWaiting, SeatsAvailable, SalesClosed, PersonLimit, BookingLimit,
    Invalid, EventBusy.
    """
    least = smallest_acceptable_quantity(quantity, min_quantity)
    if auto_accept:
        raise AutoAcceptUnsupported(fields={"auto_accept": AutoAcceptUnsupported.message})

    def work() -> WaitlistEntry:
        event = lock_event(event_id)
        if not event.is_published:
            raise EventNotFound
        place = _row_of(event=event, user_id=user_id)
        place.quantity, place.min_quantity = quantity, least
        place.notify_prefs = notify_prefs or {}
        place.unit_price = event.current_price
        place.status = EntryStatus.WAITING
        place.priority_score, place.priority_reason = 0, ""
        place.expires_at = min(expires_at or event.sales_close_at, event.sales_close_at)
        with refusing(**JOIN_REFUSALS):
            if place._state.adding:
                place.save(force_insert=True)
            else:
                place.save(update_fields=TAKEN_UP)
        place.refresh_from_db()
        place.event = event
        if as_guest:
            end_unverified_password(user_id=user_id)
        waitlist_joined.send(sender=WaitlistEntry, entry=place)
        return place

    return run_in_transaction(work, idempotency=idempotency)


def smallest_acceptable_quantity(quantity: int, min_quantity: int | None) -> int:
    """Return with how few seats somebody would do. Raises Invalid where the wish makes no sense."""
    check_quantity(quantity)
    least = quantity if min_quantity is None else min_quantity
    if not 1 <= least <= quantity:
        sentence = "Choose at least 1 seat, and no more than you ask for."
        raise Invalid(sentence, fields={"min_quantity": sentence})
    return least


def _row_of(*, event: Event, user_id: UUID) -> WaitlistEntry:
    """Return the person's row for a locked event, a new one where there is none."""
    place = WaitlistEntry.objects.filter(event_id=event.pk, user_id=user_id).first()
    if place is None:
        return WaitlistEntry(event_id=event.pk, user_id=user_id)
    if place.status in IN_LINE:
        raise AlreadyWaiting
    return place


def leave_waitlist(
    *, event_id: UUID, entry_id: UUID, idempotency: Idempotency | None = None
) -> WaitlistEntry:
    """Take a person out of line; an open offer of theirs is declined and goes to the next.

    Raises EntryNotFound, NotWaiting, EventBusy.
    """

    def work() -> WaitlistEntry:
        event = lock_event(event_id)
        place = lock_entry(locked_event=event, entry_id=entry_id)
        if place.status == EntryStatus.PROMOTED:
            offer = place.promotions.filter(
                event_id=event.pk, status=PromotionStatus.PENDING
            ).first()
            if offer is not None:
                end_offer(locked_event=event, promotion=offer, status=PromotionStatus.DECLINED)
                promote_waiting(locked_event=event)
        elif place.status == EntryStatus.WAITING:
            place.status = EntryStatus.LEFT
            place.save(update_fields=["status"])
        else:
            raise NotWaiting
        place.refresh_from_db()
        place.event = event
        return place

    return run_in_transaction(work, idempotency=idempotency)


def move_waiting_ends(*, locked_event: Event, changes: dict[str, tuple[Any, Any]]) -> None:
    """Move the end of waiting of those who wait until sales end, with the end of sales.

    changes: what changed of the event, as field to (old, new). Whoever wished for an earlier end
    keeps it, unless sales now end before it.
    """
    starts = changes.get("event_date", (locked_event.event_date,))[0]
    ended = changes.get("sales_end_at", (locked_event.sales_end_at,))[0]
    old_close = min(ended or starts, starts)
    new_close = locked_event.sales_close_at
    in_line = WaitlistEntry.objects.filter(event_id=locked_event.pk).in_line()
    in_line.filter(Q(expires_at=old_close) | Q(expires_at__gt=new_close)).update(
        expires_at=new_close
    )
