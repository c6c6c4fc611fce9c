"""Joining and leaving a waitlist."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import DatabaseError
from django.db.models import Q

from bookings.operations import PriceChanged, PriceRequired
from evently.accounts.operations import end_unverified_password
from evently.accounts.queries import mailbox_of, user_by_id
from evently.currencies import in_decimals
from evently.database.clock import now
from evently.database.identity import as_worker
from evently.database.prepared import PreparedQuery
from evently.errors import Invalid
from evently.idempotency.keys import Idempotency
from evently.throttle import Limit, TooManyAttempts, count, forgive
from evently.transactions import ReferencedRowDeleted, refusing, run_in_transaction
from events.locks import EventNotFound, lock_event
from events.models import Event
from events.operations import check_quantity
from waitlists.locks import lock_entry
from waitlists.models import OPEN_STATUSES, EntryStatus, PromotionStatus, WaitlistEntry
from waitlists.operations.confirming import confirm_place
from waitlists.operations.promotions import end_offers, promote_waiting
from waitlists.operations.refusals import (
    JOIN_REFUSALS,
    AlreadyWaiting,
    AutoAcceptUnsupported,
    NotWaiting,
    PlaceOfMailbox,
    RejoinedTooOften,
)
from waitlists.queries import entry_for_event, open_promotion_for
from waitlists.signals import waitlist_joined

# Joins of one user and event; each is confirmed by email. More than honest users need.
JOINS = Limit("waitlist_joins", most=10, window=timedelta(hours=1))
# What owners change who take over a place that was taken by entering their address.
TAKEN_OVER = ("quantity", "min_quantity", "timezone", "unit_price", "mailbox")
# Joining again reuses the user's row and overwrites these columns.
REJOIN_FIELDS = (
    "confirmed_at",
    "mailbox",
    "timezone",
    "quantity",
    "min_quantity",
    "notify_prefs",
    "unit_price",
    "status",
    "priority_score",
    "priority_reason",
    "expires_at",
)

PLACE_OF_MAILBOX = PreparedQuery(
    lambda event_id, mailbox: WaitlistEntry.objects.filter(event_id=event_id).confirmed_of_mailbox(
        mailbox
    ),
    event_id=UUID,
    mailbox=str,
)


@dataclass(frozen=True)
class Wish:
    """What a user who joins asks for.

    quantity: seats wanted, 1 to 10. min_quantity: the fewest they accept; None for all of them.
    unit_price: the price per seat that they were shown; None where the caller shows none.
    timezone: their own, such as "Europe/Berlin"; "" if unknown. expires_at: until when they wait,
    at most until the waitlist closes.
    """

    quantity: int
    min_quantity: int | None = None
    unit_price: Decimal | None = None
    timezone: str = ""
    notify_prefs: dict[str, Any] | None = None
    expires_at: datetime | None = None

    @property
    def smallest(self) -> int:
        """The fewest seats that are accepted."""
        return self.quantity if self.min_quantity is None else self.min_quantity


def join_waitlist(
    *,
    event_id: UUID,
    user_id: UUID,
    quantity: int,
    min_quantity: int | None = None,
    unit_price: Decimal | None = None,
    timezone: str = "",
    auto_accept: bool = False,
    notify_prefs: dict[str, Any] | None = None,
    expires_at: datetime | None = None,
    idempotency: Idempotency | None = None,
    as_guest: bool = False,
) -> WaitlistEntry:
    """Add a user to the end of an event's waitlist; a user who has left rejoins with the same row.

    The other arguments are those of `Wish`. as_guest: the caller has only entered the user's email
    address (`join_as_guest`), so that the place must be confirmed before it is offered seats.
    A user whose place was taken by entering their address takes it over, and confirms it.
    Raises EventNotFound, AlreadyWaiting, SeatsAvailable, SalesClosed, PersonLimit, PlaceLimit,
    OffersLapsed, PriceRequired, PriceChanged, AutoAcceptUnsupported, Invalid, RejoinedTooOften,
    EventBusy; Replayed (`idempotency`).
    """
    wish = Wish(
        quantity=quantity,
        min_quantity=smallest_acceptable_quantity(quantity, min_quantity),
        unit_price=unit_price,
        timezone=timezone,
        notify_prefs=notify_prefs,
        expires_at=expires_at,
    )
    if auto_accept:
        raise AutoAcceptUnsupported(fields={"auto_accept": AutoAcceptUnsupported.message})

    def work() -> WaitlistEntry:
        locked_event = lock_event(event_id)
        return _join(locked_event, user_id=user_id, wish=wish, as_guest=as_guest)

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


def _join(locked_event: Event, *, user_id: UUID, wish: Wish, as_guest: bool) -> WaitlistEntry:
    if not locked_event.is_published:
        raise EventNotFound
    check_shown_price(locked_event, wish.unit_price)
    user = user_by_id(user_id)
    # Whether the one who joins has proved to own the user's email address.
    is_proved = not as_guest and user is not None and user.is_verified
    entry = _new_or_ended_entry(
        locked_event=locked_event,
        user_id=user_id,
        mailbox=mailbox_of(user),
        wish=wish,
        is_proved=is_proved,
    )
    if entry.is_waiting and not entry._state.adding:
        entry.quantity, entry.min_quantity = wish.quantity, wish.smallest
        entry.timezone = wish.timezone or entry.timezone
        entry.unit_price = min(entry.unit_price, locked_event.current_price)
        return confirm_place(locked_event=locked_event, entry=entry, changed=TAKEN_OVER)
    _fill(entry, wish, locked_event=locked_event, confirmed=is_proved)
    entry = _saved(entry, locked_event=locked_event)
    if as_guest:
        end_unverified_password(user_id=user_id)
    waitlist_joined.send(sender=WaitlistEntry, entry=entry)
    if entry.is_confirmed and entry.min_quantity <= locked_event.available_seats:
        # The seats are kept for one that ranks behind it, after offers that ran out.
        promote_waiting(locked_event=locked_event)
        entry = lock_entry(locked_event=locked_event, entry_id=entry.pk)
    return entry


def _fill(entry: WaitlistEntry, wish: Wish, *, locked_event: Event, confirmed: bool) -> None:
    closes_at = locked_event.line_closes_at
    entry.quantity = wish.quantity
    entry.min_quantity = wish.smallest
    entry.notify_prefs = wish.notify_prefs or {}
    entry.timezone = wish.timezone
    entry.unit_price = locked_event.current_price
    entry.status = EntryStatus.WAITING
    entry.priority_score, entry.priority_reason = 0, ""
    entry.expires_at = min(wish.expires_at or closes_at, closes_at)
    entry.confirmed_at = now() if confirmed else None


def check_shown_price(event: Event, shown: Decimal | None) -> None:
    """Check the price that was shown on joining, which becomes the most that an offer costs.

    Raises PriceRequired where none was shown of an event with a price, PriceChanged where it has
    risen since.
    """
    if shown is None or not shown.is_finite():
        if event.current_price > 0:
            raise PriceRequired(fields={"unit_price": "Send the unit_price that was shown."})
        return
    if shown < event.current_price:
        raise PriceChanged(
            seen_price=in_decimals(shown, event.currency),
            current_price=in_decimals(event.current_price, event.currency),
        )


def _saved(entry: WaitlistEntry, *, locked_event: Event) -> WaitlistEntry:
    """Insert an entry, or rejoin with it; return it as triggers have completed it.

    Raises what `JOIN_REFUSALS` lists.
    """
    with refusing(**JOIN_REFUSALS):
        if entry._state.adding:
            entry.save(force_insert=True)
        else:
            _rejoin(entry)
    return lock_entry(locked_event=locked_event, entry_id=entry.pk)


def _rejoin(entry: WaitlistEntry) -> None:
    """Save an entry that had ended. Raises ReferencedRowDeleted where it went with its user."""
    try:
        entry.save(update_fields=REJOIN_FIELDS)
    except DatabaseError as error:
        if error.__cause__ is None:  # not the server's: there was no row to update
            raise ReferencedRowDeleted from error
        raise


def smallest_acceptable_quantity(quantity: int, min_quantity: int | None) -> int:
    """Return `min_quantity`, by default `quantity`. Raises Invalid if either is out of range."""
    check_quantity(quantity)
    smallest = quantity if min_quantity is None else min_quantity
    if not 1 <= smallest <= quantity:
        sentence = "Enter at least 1 seat, and no more than the number of seats you want."
        raise Invalid(sentence, fields={"min_quantity": sentence})
    return smallest


def _new_or_ended_entry(
    *, locked_event: Event, user_id: UUID, mailbox: str | None, wish: Wish, is_proved: bool
) -> WaitlistEntry:
    """Return the user's entry that has ended, or an unsaved one; or one to confirm.

    An entry that is not confirmed does not keep its owner from joining: where it asks for as many
    seats or more, it is returned waiting, to be confirmed at its place; for more seats, they start
    at the end. Raises AlreadyWaiting, also for a confirmed place with another address of the
    mailbox.
    """
    entry = entry_for_event(event_id=locked_event.pk, user_id=user_id)
    if entry is None:
        entry = WaitlistEntry(event_id=locked_event.pk, user_id=user_id)
    elif entry.has_offer:
        raise AlreadyWaiting(AlreadyWaiting.with_offer)
    elif entry.is_open and entry.is_confirmed:
        raise AlreadyWaiting
    entry.mailbox = mailbox
    if mailbox is not None and _is_taken(locked_event, user_id, mailbox):
        raise PlaceOfMailbox
    if entry._state.adding:
        return entry
    if entry.is_waiting and not entry.is_confirmed and is_proved:
        if wish.quantity > entry.quantity:
            entry.status = EntryStatus.LEFT
            entry.save(update_fields=["status"])
        return entry
    if entry.status in OPEN_STATUSES:
        raise AlreadyWaiting
    return entry


@as_worker()
def _is_taken(locked_event: Event, user_id: UUID, mailbox: str) -> bool:
    """Return whether another account of a mailbox has a place; all of them are one person's."""
    places = PLACE_OF_MAILBOX.rows(event_id=locked_event.pk, mailbox=mailbox)
    return any(other.user_id != user_id for other in places)


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
            # Seats may have been reserved for it.
            promote_waiting(locked_event=locked_event)
        else:
            raise NotWaiting
        return lock_entry(locked_event=locked_event, entry_id=entry_id)

    return run_in_transaction(work, idempotency=idempotency)


def move_waiting_ends(*, locked_event: Event, changes: dict[str, tuple[Any, Any]]) -> None:
    """Move `expires_at` of the open entries that wait until the waitlist closes to its new time.

    changes: the event's changed fields, as {name: (old, new)}. Entries with an earlier end of
    their own keep it, unless the waitlist now closes before it.
    """
    starts = changes.get("event_date", (locked_event.event_date,))[0]
    ended = changes.get("sales_end_at", (locked_event.sales_end_at,))[0]
    outlived = changes.get("waitlist_until_start", (locked_event.waitlist_until_start,))[0]
    old_close = starts if outlived else min(ended or starts, starts)
    new_close = locked_event.line_closes_at
    entries = WaitlistEntry.objects.open().filter(event_id=locked_event.pk)
    entries.filter(Q(expires_at=old_close) | Q(expires_at__gt=new_close)).update(
        expires_at=new_close
    )
