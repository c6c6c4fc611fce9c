"""What organizers do by hand: move an entry, offer seats out of order."""

import random

import pytest
from django.utils import timezone

from evently.errors import Invalid
from evently.tests.rows import check_everything
from evently.tests.sql import run
from events.operations import SalesClosed
from waitlists import operations
from waitlists.models import Promotion, WaitlistEntry
from waitlists.tests.recorded import check_record
from waitlists.tests.waiting import ORIGIN, cancel, full_event, join, status_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def balanced(db):
    yield
    check_everything()


def order_of(event):
    waiting = WaitlistEntry.objects.filter(event=event).waiting().order_by("position")
    return list(waiting.values_list("pk", flat=True))


def place(entry, position, reason="helps with the chairs"):
    return operations.place_entry(
        event_id=entry.event_id, entry_id=entry.pk, position=position, reason=reason
    )


def test_an_entry_is_moved_to_any_position_and_keeps_the_reason():
    event, booked = full_event()
    a, b, c, d = (join(event) for _ in range(4))

    for reason in ("", "   "):
        with pytest.raises(operations.ReasonRequired):
            place(d, 1, reason)
    moved = place(d, 2, "speaks in the evening")
    assert (moved.position, moved.priority_reason) == (2, "speaks in the evening")
    assert order_of(event) == [a.pk, d.pk, b.pk, c.pk]
    place(c, 1)
    assert order_of(event) == [c.pk, a.pk, d.pk, b.pk]
    place(c, 99)
    assert order_of(event) == [a.pk, d.pk, b.pk, c.pk]
    place(a, 2)
    assert order_of(event) == [d.pk, a.pk, b.pk, c.pk]
    with pytest.raises(Invalid, match="at position 2 already"):
        place(a, 2)
    with pytest.raises(Invalid, match="from 1"):
        place(a, 0)

    late = join(event)
    assert order_of(event)[-1] == late.pk
    cancel(booked[0])
    assert status_of(d) == "promoted"
    with pytest.raises(operations.NotWaiting):
        place(d, 1)


def test_moving_many_times_keeps_the_order_exact():
    event, _ = full_event()
    entries = [join(event).pk for _ in range(5)]
    chance = random.Random(6)
    for _ in range(60):
        pk, position = chance.choice(entries), chance.randint(1, 5)
        if entries.index(pk) == position - 1:
            continue
        entries.remove(pk)
        entries.insert(position - 1, pk)
        place(WaitlistEntry.objects.get(pk=pk), position)
        assert order_of(event) == entries


def test_entries_moved_by_priority_earlier_can_be_moved_to_a_position():
    event, _ = full_event()
    a, b, c = (join(event) for _ in range(3))
    run("UPDATE waitlists SET priority_score = 5, priority_reason = 'x' WHERE id = %s", c.pk)
    assert order_of(event) == [c.pk, a.pk, b.pk]
    place(b, 2)
    assert order_of(event) == [c.pk, b.pk, a.pk]
    place(c, 3)
    assert order_of(event) == [b.pk, a.pk, c.pk]


def test_joining_again_forgets_the_position_an_organizer_gave():
    event, _ = full_event()
    a, b = join(event), join(event)
    place(b, 1)
    operations.leave_waitlist(event_id=event.pk, entry_id=b.pk)
    join(event, user=b.user)
    assert order_of(event) == [a.pk, b.pk]
    b.refresh_from_db()
    assert (b.ranked_at, b.priority_reason) == (None, "")


def offer(entry, quantity=1, **how):
    return operations.offer_by_hand(
        event_id=entry.event_id, entry_id=entry.pk, quantity=quantity, reason="speaker", **how
    )


def test_an_offer_by_hand_adds_the_missing_seats_for_this_person_only():
    event, _ = full_event()
    capacity = event.total_capacity
    first, second = join(event), join(event, 3, min_quantity=2)

    with pytest.raises(operations.SeatsMissing, match="Add 2 seats to the event"):
        offer(second, 2)
    made = offer(second, 2, add_seats=True)

    event.refresh_from_db()
    assert (event.total_capacity, event.available_seats) == (capacity + 2, 0)
    assert (status_of(first), status_of(second)) == ("waiting", "promoted")
    assert (made.position_before, made.organizer_reason) == (2, "speaker")
    booking = operations.accept_promotion(event_id=event.pk, promotion_id=made.pk, origin=ORIGIN)
    assert booking.quantity == 2


@pytest.mark.parametrize("position", [1, 2])
def test_no_entry_is_moved_to_the_place_of_one_that_has_an_offer(position):
    """It may wait on there; and the record orders equal places otherwise than by id."""
    event, booked = full_event()
    rejoining = join(event, 2, min_quantity=1)
    operations.leave_waitlist(event_id=event.pk, entry_id=rejoining.pk)
    head, other = join(event, 3, min_quantity=3), join(event, 2, min_quantity=1)
    operations.join_waitlist(
        event_id=event.pk, user_id=rejoining.user_id, quantity=2, min_quantity=1
    )
    last = join(event, 3, min_quantity=3)
    place(rejoining, position)
    cancel(booked[0])
    made = Promotion.objects.get(waitlist_id=rejoining.pk)

    moved = other if position == 1 else last
    place(moved, position)
    operations.accept_promotion(event_id=event.pk, promotion_id=made.pk, origin=ORIGIN)

    assert status_of(rejoining) == "waiting"
    order = order_of(event)
    assert order.index(rejoining.pk) == order.index(moved.pk) + 1
    assert order.index(head.pk) == (2 if position == 1 else 0)
    check_record(event.pk)


def test_an_offer_by_hand_takes_free_seats_that_fit_no_entry_ahead():
    event, booked = full_event()
    big, small = join(event, 2), join(event, 2)
    cancel(booked[0])
    assert status_of(big) == "waiting"
    for quantity in (1, 3):
        with pytest.raises(Invalid, match="Enter 2"):
            offer(small, quantity)
    with pytest.raises(operations.SeatsMissing, match="Add 1 seat to the event"):
        offer(small, 2)
    with pytest.raises(operations.ReasonRequired):
        operations.offer_by_hand(
            event_id=event.pk, entry_id=small.pk, quantity=2, reason=" ", add_seats=True
        )
    event.refresh_from_db()
    assert event.available_seats == 1


def test_no_offer_by_hand_after_the_end_of_sales(clock):
    event, _ = full_event()
    entry = join(event)
    clock.move(event.event_date - timezone.now())
    with pytest.raises(SalesClosed):
        offer(entry, add_seats=True)
