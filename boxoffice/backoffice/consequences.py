"""What saving a change of a published event causes: who is notified, what is offered, who waits on.

The change is made in the caller's transaction and the result is counted, so the numbers are those
of this moment; a caller that only wants to ask first rolls it back.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet, Sum

from evently.formatting import counted, moment, seats
from events import operations
from events.changes import Difference, Edit, differences
from events.locks import lock_event
from events.models import Event
from notifications.message_models import MessageState, OrganizerMessage
from notifications.queries import count_of_event
from waitlists.models import Promotion, PromotionStatus, WaitlistEntry


@dataclass(frozen=True)
class Consequences:
    """What a change has caused, or would cause.

    people: who have seats or are on the waitlist, if the change is one that they are notified of.
    offers: made to waitlist entries with seats that became available; offered_seats: their seats.
    notes: sentences about what happens to offers and entries. warnings: sentences about entries
    that cannot be served any more.
    """

    event: Event
    differences: list[Difference]
    people: int
    offers: int
    offered_seats: int
    notes: list[str]
    warnings: list[str]

    @property
    def need_confirmation(self) -> bool:
        return bool(self.people or self.offers or self.notes or self.warnings)

    @property
    def facts(self) -> list[tuple[str, str]]:
        """The numbers, as pairs of label and value."""
        facts = []
        if self.people:
            facts.append(("People with seats or on the waitlist", f"{self.people:,}"))
        if self.offers:
            value = f"{self.offers:,} ({seats(self.offered_seats)})"
            facts.append(("Offers to the waitlist, sent at once", value))
        return facts

    @property
    def question(self) -> str:
        if not self.people:
            return "This event is published. Saving has these consequences:"
        who = counted(self.people, "person", "people")
        verb = "has" if self.people == 1 else "have"
        return (
            f"This event is published. {who} {verb} seats or {verb_be(self.people)} on the "
            f"waitlist, and can be notified of the change."
        )

    def outcome(self, *, notified: bool) -> str:
        """Return what has happened, once it is saved; "" where nothing concerned other people."""
        sentences = []
        if self.people:
            who = counted(self.people, "person", "people")
            sentences.append(
                f"{who} {verb_be(self.people)} being notified."
                if notified
                else f"Saved without notifying {who}."
            )
        if self.offers:
            verb = "was" if self.offers == 1 else "were"
            made = counted(self.offers, "offer")
            sentences.append(f"{made} {verb} made to the waitlist ({seats(self.offered_seats)}).")
        return " ".join([*sentences, *self.warnings])


def verb_be(number: int) -> str:
    return "is" if number == 1 else "are"


def change_and_count(
    *, event_id: UUID, version: int | None, notify: bool | None, changes: dict[str, Any]
) -> Consequences:
    """Change an event inside the caller's transaction, and return what that causes.

    notify: whether attendees are notified; None where the organizer was not asked yet, which
    notifies no attendee while there are attendees to notify.
    Raises what `change_event` raises.
    """
    event = lock_event(event_id)
    people = count_of_event(event_id=event_id) if event.is_published else 0
    offers_before, scheduled_before = _pending(event_id), _scheduled(event_id)
    edit = operations.change_event(
        event_id=event_id,
        version=version,
        notify=not people if notify is None else notify,
        **changes,
    )
    offers = _pending(event_id)
    return Consequences(
        event=edit.event,
        differences=differences(edit.event, edit.changes),
        people=people if edit.is_announced else 0,
        offers=offers["number"] - offers_before["number"],
        offered_seats=offers["seats"] - offers_before["seats"],
        notes=[
            *_notes(edit, pending=offers_before["number"], event_before=event),
            *_held_notes(scheduled_before - _scheduled(event_id)),
        ],
        warnings=_warnings(edit),
    )


def _pending(event_id: UUID) -> dict[str, int]:
    rows = _pending_offers(event_id).aggregate(number=Count("pk"), seats=Sum("quantity"))
    return {"number": rows["number"], "seats": rows["seats"] or 0}


def _scheduled(event_id: UUID) -> int:
    rows = OrganizerMessage.objects.filter(event_id=event_id, state=MessageState.SCHEDULED)
    return rows.count()


def _held_notes(number: int) -> list[str]:
    """Return what becomes of messages to attendees that were scheduled."""
    if not number:
        return []
    what = counted(number, "scheduled message to attendees", "scheduled messages to attendees")
    become = "becomes a draft" if number == 1 else "become drafts"
    return [f"{what} {become} again, to be checked."]


def _pending_offers(event_id: UUID) -> QuerySet[Promotion]:
    return Promotion.objects.filter(event_id=event_id, status=PromotionStatus.PENDING)


def _notes(edit: Edit, *, pending: int, event_before: Event) -> list[str]:
    event = edit.event
    if not event.is_published:
        return []
    suspended = event_before.price_moves and not event.price_moves
    return [
        *(["The price rule is suspended until you resume it."] if suspended else []),
        *_price_notes(edit, pending=pending),
        *_limit_notes(edit),
        *_closing_notes(edit, pending=pending, event_before=event_before),
    ]


def _price_notes(edit: Edit, *, pending: int) -> list[str]:
    """Return what a new price means for open offers and for waiting entries."""
    if "current_price" not in edit.changes:
        return []
    old, new = edit.changes["current_price"]
    waiting = WaitlistEntry.objects.waiting().filter(event_id=edit.event.pk)
    if Decimal(new) > Decimal(old):
        kept = waiting.filter(unit_price__lt=new).count()
        offers = _pending_offers(edit.event.pk).filter(unit_price__lt=new).count()
        what, verb = "keep the lower price that they were promised", "keeps"
        one = "the lower price that it was promised"
    else:
        kept, offers = waiting.filter(unit_price__gt=new).count(), pending
        what, verb = "get the lower price", "gets"
        one = "the lower price"
    return [
        f"{counted(number, noun, plural)} {f'{verb} {one}' if number == 1 else what}."
        for number, noun, plural in (
            (offers, "open offer", "open offers"),
            (kept, "waitlist entry", "waitlist entries"),
        )
        if number
    ]


def _limit_notes(edit: Edit) -> list[str]:
    """Return how many entries ask for more than a lowered limit; they were promised it."""
    limits = [
        edit.changes[name][1]
        for name in ("max_per_booking", "max_per_person", "max_per_place")
        if name in edit.changes and edit.changes[name][1] is not None
    ]
    if not limits:
        return []
    above = (
        WaitlistEntry.objects.waiting()
        .filter(event_id=edit.event.pk, quantity__gt=min(limits))
        .count()
    )
    if not above:
        return []
    asks = "asks" if above == 1 else "ask"
    return [
        f"{counted(above, 'waitlist entry', 'waitlist entries')} {asks} for more than the new "
        f"limit. The limit is for new bookings: {'it' if above == 1 else 'they'} can still be "
        "offered those seats."
    ]


def _closing_notes(edit: Edit, *, pending: int, event_before: Event) -> list[str]:
    """Return how many offers and entries an earlier end of sales ends earlier."""
    closes, closed = edit.event.line_closes_at, event_before.line_closes_at
    moved = {"event_date", "sales_end_at", "waitlist_until_start"} & edit.changes.keys()
    if not moved or closes >= closed:
        return []
    waiting = WaitlistEntry.objects.waiting().filter(event_id=edit.event.pk).count()
    parts = [
        counted(number, noun, plural)
        for number, noun, plural in (
            (pending, "open offer", "open offers"),
            (waiting, "waitlist entry", "waitlist entries"),
        )
        if number
    ]
    if not parts:
        return []
    verb = "ends" if pending + waiting == 1 else "end"
    when = moment(closes, edit.event.zone)
    what = "the waitlist" if edit.event.waitlist_until_start else "the sales"
    return [f"{' and '.join(parts)} {verb} with {what}, now on {when} at the latest."]


def _warnings(edit: Edit) -> list[str]:
    """Return that entries ask for more seats than the event has by now."""
    if "total_capacity" not in edit.changes:
        return []
    capacity = edit.event.total_capacity
    stuck = WaitlistEntry.objects.filter(event_id=edit.event.pk).never_fitting(capacity)
    number = stuck.count()
    if not number:
        return []
    accepts = "needs" if number == 1 else "need"
    return [
        f"{counted(number, 'waitlist entry', 'waitlist entries')} {accepts} more than "
        f"{seats(capacity)}, so no offer can be made to {'it' if number == 1 else 'them'} any "
        "more. They are notified, and can lower the number they need."
    ]
