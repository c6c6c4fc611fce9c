"""What organizers do to a waitlist by hand: move an entry, or offer it seats out of order.

Both need a reason, which is stored and shown: to the attendee concerned, and where an offer is made
out of order, to everyone who was waiting then.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F

from evently.database.clock import now
from evently.errors import Conflict, Invalid
from evently.formatting import seats
from evently.transactions import refusing, run_in_transaction
from evently.visible_text import clean_reason
from events.locks import lock_event
from events.models import Event
from events.operations import SalesClosed
from waitlists.claim_windows import offer_window
from waitlists.locks import lock_entry
from waitlists.models import EntryStatus, Promotion, WaitlistEntry
from waitlists.operations.joining import NotWaiting
from waitlists.signals import promotions_made

LONGEST_REASON = 500
BESIDE = timedelta(seconds=1)


class ReasonRequired(Invalid):
    """A change of the order needs a reason, which attendees can read."""

    code = "reason_required"
    message = "Enter a reason. Attendees can read it."


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
        others = (
            WaitlistEntry.objects.filter(event_id=event_id)
            .waiting()
            .exclude(pk=entry.pk)
            .in_waitlist_order()
        )
        wanted = min(position, others.count() + 1)
        if wanted == entry.position:
            sentence = f"This entry is at position {wanted} already."
            raise Invalid(sentence, fields={"position": sentence})
        neighbours = list(others[max(wanted - 2, 0) : wanted])
        before = neighbours.pop(0) if wanted > 1 else None
        after = neighbours[0] if neighbours else None
        entry.priority_score, entry.ranked_at = _rank_between(before, after, at=now())
        entry.priority_reason = reason
        entry.save(update_fields=["priority_score", "ranked_at", "priority_reason"])
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
        window = offer_window(event, at=at) if event.is_on_sale(at=at) else None
        if window is None:
            raise SalesClosed
        _find_seats(locked_event=event, quantity=quantity, add_seats=add_seats)
        position = entry.position or 1
        WaitlistEntry.objects.filter(event_id=event.pk, pk=entry.pk).update(
            status=EntryStatus.PROMOTED
        )
        with refusing(trg_sales_open=SalesClosed):
            promotion = Promotion.objects.create(
                waitlist=entry,
                event=event,
                user_id=entry.user_id,
                quantity=quantity,
                unit_price=min(entry.unit_price, event.current_price),
                promoted_at=at,
                expires_at=window.expires_at,
                window_minutes=window.minutes,
                organizer_reason=reason,
                position_before=position,
            )
        promotions_made.send(sender=Promotion, event=event, promotions=[promotion])
        return promotion

    return run_in_transaction(work)


def _find_seats(*, locked_event: Event, quantity: int, add_seats: bool) -> None:
    """Make sure that the event has enough free seats. Raises SeatsMissing."""
    missing = quantity - locked_event.available_seats
    if missing <= 0:
        return
    if not add_seats:
        raise SeatsMissing(missing, locked_event.available_seats)
    Event.objects.filter(pk=locked_event.pk).update(total_capacity=F("total_capacity") + missing)


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
