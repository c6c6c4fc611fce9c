"""The waitlist cannot be bypassed with plain SQL: not by equal times, not by an offer."""

from uuid import UUID

import pytest

from evently.database.ids import uuid7
from evently.tests.rows import (
    book,
    check_everything,
    end_offer,
    free_seats,
    full_event,
    line,
    offer,
    person,
    wait,
)
from evently.tests.sql import refused, run

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def balanced():
    yield
    check_everything()


@pytest.fixture
def offered():
    """Offer 2 of 5 free seats, ahead of an entry for 4; return the event, user and offer."""
    event_id, _ = full_event()
    who = person()
    entry = wait(event_id, 2, who)
    wait(event_id, 4)
    run("UPDATE bookings SET quantity = 5")
    return event_id, who, offer(entry, 2)


def use(promotion) -> UUID:
    """Mark an offer as used; return the id of the booking it is used for."""
    booking = uuid7()
    end_offer(promotion, "used", booking_id=booking)
    return booking


def test_entries_with_equal_times_are_ordered_by_id(clock):
    event_id, _ = full_event()
    ids = [uuid7() for _ in range(5)]
    clock.stop()
    # An index scan would return them by id anyway; without it, only the ORDER BY does.
    for way in ("indexscan", "indexonlyscan", "bitmapscan"):
        run(f"SET LOCAL enable_{way} = off")

    for id_ in reversed(ids):
        wait(event_id, id=id_)

    assert line(event_id) == ids


def test_offer_allows_its_own_booking(offered):
    event_id, who, promotion = offered

    book(event_id, 2, who, id=use(promotion))

    assert free_seats(event_id) == 3


def test_offer_allows_no_larger_booking(offered):
    """Even if the offer is deleted before the commit, when it is compared with its booking."""
    event_id, who, promotion = offered

    with refused("trg_waitlist_first"):
        book(event_id, 3, who, id=use(promotion))
        run("DELETE FROM waitlist_promotions WHERE id = %s", promotion)


def test_offer_allows_no_booking_of_another_user(offered):
    event_id, _, promotion = offered

    with refused("trg_waitlist_first"):
        book(event_id, 2, id=use(promotion))
        run("DELETE FROM waitlist_promotions WHERE id = %s", promotion)


def test_offer_of_a_cancelled_event_cannot_be_used(offered):
    event_id, who, promotion = offered
    run("UPDATE events SET status = 'cancelled' WHERE id = %s", event_id)

    with refused("trg_sales_open"):
        book(event_id, 2, who, id=use(promotion))
