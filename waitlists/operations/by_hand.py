"""What organizers do to a waitlist by hand: move an entry, or offer it seats out of order.

Both need a reason, which is stored and shown: to the attendee concerned, and where an offer is made
out of order, to everyone who was waiting then.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import F

from bookings.models import Booking
from bookings.operations import DrawPending, book_held_seats
from bookings.operations.placing import draft_booking, write_booking
from bookings.operations.refusals import WaitlistFirst
from evently.accounts.queries import mailbox_of, user_by_id
from evently.database.clock import now
from evently.database.identity import as_worker
from evently.database.ids import uuid7
from evently.errors import Conflict, Invalid
from evently.formatting import seats
from evently.origin import Origin
from evently.transactions import refusing, run_in_transaction
from evently.visible_text import clean_reason
from events.locks import lock_event
from events.models import Event
from events.operations import SalesClosed
from waitlists.locks import lock_entry
from waitlists.models import (
    OPEN_STATUSES,
    EntryStatus,
    Promotion,
    PromotionStatus,
    WaitlistEntry,
)
from waitlists.operations.promotions import promote_waiting, window_columns
from waitlists.operations.refusals import JOIN_REFUSALS, NotWaiting
from waitlists.queries import confirmed_count
from waitlists.signals import promotions_made

LONGEST_REASON = 500
BESIDE = timedelta(seconds=1)


class ReasonRequired(Invalid):
    """A change of the order needs a reason, which attendees can read."""

    code = "reason_required"
    message = "Enter a reason. It becomes public, so name no one."


class NoRoomBetween(Conflict):
    """Two neighbouring entries have the same time, so nothing fits between them."""

    code = "no_room_between"
    message = "Two people joined at the same time here. Choose the position before or after them."


class SeatsMissing(Conflict):
    """The event has fewer free seats than the offer needs. Raise it as `SeatsMissing(n, free)`."""

    code = "seats_missing"

    def __init__(self, missing: int, free: int) -> None:
        super().__init__(
            f"Only {seats(free)} {'is' if free == 1 else 'are'} free. Add {seats(missing)} to the "
            "event, or offer fewer."
        )


class OnWaitlist(Conflict):
    """The person waits for this event, or has an offer."""

    code = "on_waitlist"
    message = "This person is on the waitlist. Offer them the seats on the Waitlist tab."


def place_entry(*, event_id: UUID, entry_id: UUID, position: int, reason: str) -> WaitlistEntry:
    """Move a waiting entry to a position, 1 being next; those behind it move back by one.

    position: of the entry afterwards; past the end means last. Only this entry changes: it is
    ranked between its new neighbours. Raises EntryNotFound, NotWaiting, ReasonRequired, Invalid,
    NoRoomBetween, EventBusy.
    """
    reason = _checked(reason)
    if position < 1:
        sentence = "Enter a position from 1."
        raise Invalid(sentence, fields={"position": sentence})

    def work() -> WaitlistEntry:
        locked_event = lock_event(event_id)
        entry = lock_entry(locked_event=locked_event, entry_id=entry_id)
        if not entry.is_waiting:
            raise NotWaiting("This person is no longer waiting, so their position cannot change.")
        open_others = (
            WaitlistEntry.objects.filter(event_id=event_id)
            .open()
            .exclude(pk=entry.pk)
            .in_waitlist_order()
        )
        others = open_others.waiting()
        wanted = min(position, others.count() + 1)
        if wanted == entry.position:
            sentence = f"This entry is at position {wanted} already."
            raise Invalid(sentence, fields={"position": sentence})
        before = others[wanted - 2] if wanted > 1 else None
        # One with an offer may wait on, at its old place: no other may have been given that.
        after = (open_others.behind(before) if before else open_others).first()
        entry.priority_score, entry.ranked_at = _rank_between(before, after, at=now())
        entry.priority_reason = reason
        entry.save(update_fields=["priority_score", "ranked_at", "priority_reason"])
        # One that reserves may have been moved behind others that fit.
        promote_waiting(locked_event=locked_event)
        entry.refresh_from_db()
        return entry

    return run_in_transaction(work)


def _rank_between(
    before: WaitlistEntry | None, after: WaitlistEntry | None, *, at: datetime
) -> tuple[int, datetime]:
    """Return priority and time of an entry that belongs between two; None: at that end.

    At least one of them is an entry. Raises NoRoomBetween.
    """
    if before is None:
        assert after is not None
        return after.priority_score, _time_of(after) - BESIDE
    if after is None or after.priority_score < before.priority_score:
        # Not in the future, where it could rank behind people who join from now on.
        room = max(at - _time_of(before), timedelta(microseconds=2))
        return before.priority_score, _time_of(before) + min(BESIDE, room / 2)
    between = _time_of(before) + (_time_of(after) - _time_of(before)) / 2
    if not _time_of(before) < between < _time_of(after):
        raise NoRoomBetween
    return before.priority_score, between


def _time_of(entry: WaitlistEntry) -> datetime:
    return entry.ranked_at or entry.joined_at


def offer_by_hand(
    *, event_id: UUID, entry_id: UUID, quantity: int, reason: str, add_seats: bool = False
) -> Promotion:
    """Offer seats to a waiting entry whatever its position; they are held as with any offer.

    quantity: from the entry's minimum to what it asked for. add_seats: raise the event's capacity
    by the seats that are missing, in the same transaction, so that no one else gets them.
    Raises EntryNotFound, NotWaiting, ReasonRequired, Invalid, SeatsMissing, SalesClosed, EventBusy.
    """
    reason = _checked(reason)

    def work() -> Promotion:
        event = lock_event(event_id)
        entry = lock_entry(locked_event=event, entry_id=entry_id)
        at = now()
        if not entry.is_waiting:
            raise NotWaiting("This person is no longer waiting, so no offer can be made to them.")
        if not entry.min_quantity <= quantity <= entry.quantity:
            sentence = f"Enter {_range(entry)}, as this person asked for."
            raise Invalid(sentence, fields={"quantity": sentence})
        if not event.is_line_open(at=at):
            raise SalesClosed
        window = window_columns(event, entry, at=at, waiting=confirmed_count(event_id=event.pk))
        _find_seats(locked_event=event, quantity=quantity, add_seats=add_seats)
        position = entry.position or 1
        WaitlistEntry.objects.filter(event_id=event.pk, pk=entry.pk).update(
            status=EntryStatus.PROMOTED
        )
        with refusing(trg_sales_open=SalesClosed, trg_draw_pending=DrawPending):
            promotion = Promotion.objects.create(
                waitlist=entry,
                event=event,
                user_id=entry.user_id,
                quantity=quantity,
                unit_price=min(entry.unit_price, event.current_price),
                promoted_at=at,
                organizer_reason=reason,
                position_before=position,
                **window,
            )
        promotions_made.send(sender=Promotion, event=event, promotions=[promotion])
        # Seats may have been reserved for it, which entries behind it can have now.
        promote_waiting(locked_event=event)
        return promotion

    return run_in_transaction(work)


@as_worker()
def book_out_of_order(
    *,
    locked_event: Event,
    user_id: UUID,
    quantity: int,
    unit_price: Decimal,
    reason: str,
    origin: Origin,
) -> Booking:
    """Book seats that are not free, or kept for the waitlist, by adding them to the event.

    In the caller's transaction. Where a waiting entry would fit into the added seats, the user
    joins the waitlist, is offered them out of order, and accepts, all at once: so the record of
    offers shows it to everyone who waits. unit_price: at most the current price.
    Raises ReasonRequired, OnWaitlist, and what `JOIN_REFUSALS` lists.
    """
    reason = _checked(reason)
    event = locked_event
    _add_seats(locked_event=event, number=quantity)
    try:
        # In a savepoint: where the added seats are the waitlist's, nothing remains of the trial.
        with transaction.atomic():
            booking = draft_booking(
                event=event, user_id=user_id, quantity=quantity, unit_price=unit_price, at=now()
            )
            return write_booking(booking, origin=origin)
    except WaitlistFirst:
        pass
    entry = _new_or_own_entry(locked_event=event, user_id=user_id, quantity=quantity)
    position = entry.position or 1
    entries = WaitlistEntry.objects.filter(event_id=event.pk, pk=entry.pk)
    entries.update(status=EntryStatus.PROMOTED)
    offer = Promotion.objects.create(
        waitlist=entry,
        event=event,
        user_id=user_id,
        quantity=quantity,
        unit_price=unit_price,
        promoted_at=now(),
        organizer_reason=reason,
        position_before=position,
        **window_columns(event, entry, at=now(), waiting=confirmed_count(event_id=event.pk)),
    )
    booking = _use(offer, origin=origin)
    entries.update(status=EntryStatus.BOOKED)
    return booking


def _use(offer: Promotion, *, origin: Origin) -> Booking:
    """Accept an offer that was just made."""
    booking_id = uuid7()
    offers = Promotion.objects.filter(event_id=offer.event_id)
    offers.filter(pk=offer.pk).update(status=PromotionStatus.USED, booking_id=booking_id)
    return book_held_seats(
        locked_event=offer.event,
        booking_id=booking_id,
        user_id=offer.user_id,
        quantity=offer.quantity,
        unit_price=offer.unit_price,
        origin=origin,
        at=now(),
    )


def _new_or_own_entry(*, locked_event: Event, user_id: UUID, quantity: int) -> WaitlistEntry:
    """Return a waiting entry of a user for exactly these seats. Raises OnWaitlist."""
    entry = WaitlistEntry.objects.filter(event_id=locked_event.pk, user_id=user_id).first()
    if entry is None:
        entry = WaitlistEntry(event_id=locked_event.pk, user_id=user_id)
    elif entry.status in OPEN_STATUSES:
        raise OnWaitlist
    entry.quantity = entry.min_quantity = quantity
    entry.unit_price = locked_event.current_price
    entry.status = EntryStatus.WAITING
    entry.mailbox = mailbox_of(user_by_id(user_id))
    entry.confirmed_at = now()  # The organizer answers for the address.
    entry.priority_score, entry.priority_reason = 0, ""
    entry.expires_at = locked_event.line_closes_at
    with refusing(**JOIN_REFUSALS | {"unq_mailbox_event_waitlist": OnWaitlist}):
        entry.save(force_insert=entry._state.adding)
    entry.refresh_from_db()
    entry.event = locked_event
    return entry


def _add_seats(*, locked_event: Event, number: int) -> None:
    Event.objects.filter(pk=locked_event.pk).update(total_capacity=F("total_capacity") + number)


def _find_seats(*, locked_event: Event, quantity: int, add_seats: bool) -> None:
    """Make sure that the event has enough free seats. Raises SeatsMissing."""
    missing = quantity - locked_event.available_seats
    if missing <= 0:
        return
    if not add_seats:
        raise SeatsMissing(missing, locked_event.available_seats)
    _add_seats(locked_event=locked_event, number=missing)


def _range(entry: WaitlistEntry) -> str:
    if entry.min_quantity == entry.quantity:
        return str(entry.quantity)
    return f"{entry.min_quantity} to {entry.quantity}"


def _checked(reason: str) -> str:
    """Return the reason without blanks around it. Raises ReasonRequired, Invalid."""
    reason = clean_reason(reason)
    if not reason:
        raise ReasonRequired(fields={"reason": ReasonRequired.message})
    if len(reason) > LONGEST_REASON:
        sentence = f"Enter at most {LONGEST_REASON} characters."
        raise Invalid(sentence, fields={"reason": sentence})
    return reason
