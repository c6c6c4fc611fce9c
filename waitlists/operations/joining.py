"""Joining and leaving a waitlist."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from bookings.operations import BookingLimit, PersonLimit
from evently.accounts.operations import end_unverified_password
from evently.errors import Busy, Conflict, Invalid
from evently.idempotency.keys import Idempotency
from evently.throttle import Limit, TooManyAttempts, count, forgive
from evently.transactions import refusing, run_in_transaction
from events.locks import EventNotFound, lock_event
from events.models import Event
from events.operations import SalesClosed, check_quantity
from waitlists.locks import lock_entry
from waitlists.models import OPEN_STATUSES, EntryStatus, PromotionStatus, WaitlistEntry
from waitlists.operations.promotions import end_offers, promote_waiting
from waitlists.queries import open_promotion_for
from waitlists.signals import waitlist_joined


class AlreadyWaiting(Conflict):
    """The user already waits for this event, or has an offer."""

    code = "already_waiting"
    message = "You are already on this waitlist."
    with_offer = "Seats are already held for you. Claim or decline them first."


class SeatsAvailable(Conflict):
    """Enough seats are on public sale, so there is no need to wait."""

    code = "seats_available"
    message = "As many seats as you need are on sale right now, so there is no need to wait."


class NotWaiting(Conflict):
    """The entry has been booked, left or closed."""

    code = "not_waiting"
    message = "You are no longer on this waitlist."


class RejoinedTooOften(Busy):
    """The user has joined this waitlist too often to join it again right away."""

    code = "rejoining_limit"
    message = "You have joined and left this waitlist several times. Please wait an hour."


class AutoAcceptUnsupported(Invalid):
    code = "auto_accept_unsupported"
    message = (
        "Automatic booking is not available yet. Leave out auto_accept to receive an offer instead."
    )


# Joins of one user and event; each is confirmed by email. More than honest users need.
JOINS = Limit("waitlist_joins", most=10, window=timedelta(hours=1))
# Joining again reuses the user's row and overwrites these columns.
REJOIN_FIELDS = (
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
    """Add a user to the end of an event's waitlist; a user who has left rejoins with the same row.

    quantity: seats wanted, 1 to 10. min_quantity: the fewest seats the user would accept, by
    default all of them. expires_at: until when they wait, at most until the end of sales.
    as_guest: the caller has only entered the user's email address (`join_as_guest`).
    Raises EventNotFound, AlreadyWaiting, SeatsAvailable, SalesClosed, PersonLimit, BookingLimit,
    AutoAcceptUnsupported, Invalid, RejoinedTooOften, EventBusy; Replayed (`idempotency`).
    """
    smallest = smallest_acceptable_quantity(quantity, min_quantity)
    if auto_accept:
        raise AutoAcceptUnsupported(fields={"auto_accept": AutoAcceptUnsupported.message})

    def work() -> WaitlistEntry:
        locked_event = lock_event(event_id)
        if not locked_event.is_published:
            raise EventNotFound
        sales_close_at = locked_event.sales_close_at
        entry = _new_or_ended_entry(locked_event=locked_event, user_id=user_id)
        entry.quantity, entry.min_quantity = quantity, smallest
        entry.notify_prefs = notify_prefs or {}
        entry.unit_price = locked_event.current_price
        entry.status = EntryStatus.WAITING
        entry.priority_score, entry.priority_reason = 0, ""
        entry.expires_at = min(expires_at or sales_close_at, sales_close_at)
        _save(entry)
        entry.event = locked_event
        if as_guest:
            end_unverified_password(user_id=user_id)
        waitlist_joined.send(sender=WaitlistEntry, entry=entry)
        return entry

    try:
        counted = count((JOINS, f"{user_id}:{event_id}"))
    except TooManyAttempts as limit:
        raise RejoinedTooOften(retry_after_seconds=limit.retry_after_seconds) from limit
    try:
        return run_in_transaction(work, idempotency=idempotency)
    except Exception:
        # Only joining counts.
        forgive(counted)
        raise


def _save(entry: WaitlistEntry) -> None:
    """Insert an entry, or rejoin with it. Raises what `JOIN_REFUSALS` lists."""
    with refusing(**JOIN_REFUSALS):
        if entry._state.adding:
            entry.save(force_insert=True)
        else:
            entry.save(update_fields=REJOIN_FIELDS)
    entry.refresh_from_db()


def smallest_acceptable_quantity(quantity: int, min_quantity: int | None) -> int:
    """Return `min_quantity`, by default `quantity`. Raises Invalid if either is out of range."""
    check_quantity(quantity)
    smallest = quantity if min_quantity is None else min_quantity
    if not 1 <= smallest <= quantity:
        sentence = "Enter at least 1 seat, and no more than the number of seats you want."
        raise Invalid(sentence, fields={"min_quantity": sentence})
    return smallest


def _new_or_ended_entry(*, locked_event: Event, user_id: UUID) -> WaitlistEntry:
    """Return the user's entry that has ended, or an unsaved one. Raises AlreadyWaiting."""
    entry = WaitlistEntry.objects.filter(event_id=locked_event.pk, user_id=user_id).first()
    if entry is None:
        return WaitlistEntry(event_id=locked_event.pk, user_id=user_id)
    if entry.has_offer:
        raise AlreadyWaiting(AlreadyWaiting.with_offer)
    if entry.status in OPEN_STATUSES:
        raise AlreadyWaiting
    return entry


def leave_waitlist(
    *, event_id: UUID, entry_id: UUID, idempotency: Idempotency | None = None
) -> WaitlistEntry:
    """Take an entry off the waitlist; its pending offer is declined and goes to the next entry.

    Raises EntryNotFound, NotWaiting, EventBusy; Replayed (`idempotency`).
    """

    def work() -> WaitlistEntry:
        locked_event = lock_event(event_id)
        entry = lock_entry(locked_event=locked_event, entry_id=entry_id)
        if entry.has_offer:
            promotion = open_promotion_for(entry=entry)
            if promotion is not None:
                end_offers(
                    locked_event=locked_event,
                    promotions=[promotion],
                    status=PromotionStatus.DECLINED,
                )
                promote_waiting(locked_event=locked_event)
        elif entry.is_waiting:
            entry.status = EntryStatus.LEFT
            entry.save(update_fields=["status"])
        else:
            raise NotWaiting
        entry.refresh_from_db()
        entry.event = locked_event
        return entry

    return run_in_transaction(work, idempotency=idempotency)


def move_waiting_ends(*, locked_event: Event, changes: dict[str, tuple[Any, Any]]) -> None:
    """Move `expires_at` of the open entries that wait until the end of sales to its new time.

    changes: the event's changed fields, as {name: (old, new)}. Entries with an earlier end of
    their own keep it, unless sales now end before it.
    """
    starts = changes.get("event_date", (locked_event.event_date,))[0]
    ended = changes.get("sales_end_at", (locked_event.sales_end_at,))[0]
    old_close = min(ended or starts, starts)
    new_close = locked_event.sales_close_at
    entries = WaitlistEntry.objects.open().filter(event_id=locked_event.pk)
    entries.filter(Q(expires_at=old_close) | Q(expires_at__gt=new_close)).update(
        expires_at=new_close
    )
