"""A waitlist whose record has every kind of record, and the check of a record's hashes."""

import hashlib
import json
from datetime import timedelta

from bookings.factories import BookingFactory
from evently.database.clock import now
from evently.transactions import run_in_transaction
from events.models import Event
from waitlists import operations
from waitlists.models import Beacon, Draw, LineEvent, Promotion, WaitlistEntry
from waitlists.operations import reaching
from waitlists.operations.reaching import Reach, ReachState
from waitlists.signals import reach_asked
from waitlists.tests.waiting import accept, cancel, full_event, join, latest_offer


def change(event: Event, **columns) -> None:
    Event.objects.filter(pk=event.pk).update(**columns)


def every_kind(clock) -> tuple[Event, WaitlistEntry]:
    """Return an event whose record has every kind of record, and an entry that was in most.

    The entry asked for four seats, and was passed by offers and by a public sale.
    """
    event, bookings = full_event(6)
    draw_none(event, clock)
    guest = join(event, 2, as_guest=True)
    entry = join(event, 4)
    single = join(event)
    operations.confirm_entry(event_id=event.pk, entry_id=guest.pk)
    change(event, total_capacity=7)
    operations.repair_waitlist(event_id=event.pk)
    operations.decline_promotion(event_id=event.pk, promotion_id=latest_offer(single).pk)
    change(event, max_passes=0)
    cancel(bookings[0])
    accept(latest_offer(guest))
    change(event, max_passes=None)
    pair, friend = join(event, 2, min_quantity=1), join(event)
    operations.place_entry(
        event_id=event.pk, entry_id=friend.pk, position=1, reason="Sits in a “wheelchair”."
    )
    accept(
        operations.offer_by_hand(
            event_id=event.pk, entry_id=pair.pk, quantity=1, reason="A mix-up", add_seats=True
        )
    )
    operations.leave_waitlist(event_id=event.pk, entry_id=pair.pk)
    cancel(bookings[1])
    hand_over_late(Promotion.objects.filter(event_id=event.pk, status="pending").first(), clock)
    clock.move(timedelta(days=4))
    operations.expire_promotions(event_id=event.pk)
    BookingFactory(event=event)
    return event, entry


def hand_over_late(offer: Promotion, clock) -> None:
    """Let the message about an offer be handed over three hours late."""
    clock.move(timedelta(hours=3))

    def known(sender, **kwargs):
        return {offer.pk: Reach(ReachState.REACHED, at=now())}

    reach_asked.connect(known)
    try:
        run_in_transaction(lambda: reaching.follow(event_id=offer.event_id, promotion_id=offer.pk))
    finally:
        reach_asked.disconnect(known)


def draw_none(event: Event, clock) -> None:
    """Call one draw off, and do another without lots."""
    minute = timedelta(minutes=1)
    for _ in range(2):
        operations.announce_draw(
            event_id=event.pk,
            closes_at=now() + minute,
            beacon=Beacon.NUMBERS,
            beacon_name="Lotto of Saturday",
            beacon_at=now() + 7 * minute,
        )
        if Draw.objects.filter(event_id=event.pk).count() == 1:
            operations.call_off_draw(event_id=event.pk)
    clock.move(2 * minute)
    operations.freeze_draw(event_id=event.pk)
    clock.move(8 * minute)
    operations.reveal_draw(event_id=event.pk, beacon_value="3 14 15")


def close(event: Event) -> None:
    """Let all who wait leave, so that the line is closed in the record."""
    for waiting in WaitlistEntry.objects.filter(event_id=event.pk).open():
        operations.leave_waitlist(event_id=event.pk, entry_id=waiting.pk)


def kinds_of(event: Event) -> list[str]:
    rows = LineEvent.objects.filter(event_id=event.pk).order_by("seq")
    return list(rows.values_list("kind", flat=True))


def check_hashes(event_id, records) -> None:
    """Assert that records are chained from the event's id on, as somebody outside checks it."""
    before = hashlib.sha256(str(event_id).encode()).hexdigest()
    for seq, record in enumerate(records, start=1):
        rest = dict(record)
        hashed = rest.pop("hash")
        text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert (rest["seq"], rest["prev"]) == (seq, before)
        assert hashlib.sha256(text.encode()).hexdigest() == hashed, rest
        before = hashed
