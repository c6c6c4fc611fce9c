"""Nobody gets past the line around Django: not in the same moment, not by somebody's offer."""

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
    """Whatever a test did, everything balances at its end."""
    yield
    check_everything()


@pytest.fixture
def offered():
    """Offer 2 of 5 free seats, ahead of somebody who needs 4; return event, person, offer."""
    event_id, _ = full_event()
    who = person()
    entry = wait(event_id, 2, who)
    wait(event_id, 4)
    run("UPDATE bookings SET quantity = 5")
    return event_id, who, offer(entry, 2)


def use(promotion) -> UUID:
    """Mark an offer as used, and return the id of the booking that it is used for."""
    booking = uuid7()
    end_offer(promotion, "used", booking_id=booking)
    return booking


def test_who_joined_in_the_same_moment_stands_by_id(clock):
    event_id, _ = full_event()
    ids = [uuid7() for _ in range(5)]
    clock.stop()
    # An index would happen to give them by id; what tells is the order they are ranked in.
    for way in ("indexscan", "indexonlyscan", "bitmapscan"):
        run(f"SET LOCAL enable_{way} = off")

    for id_ in reversed(ids):
        wait(event_id, id=id_)

    assert line(event_id) == ids


def test_offer_lets_its_own_booking_past_the_line(offered):
    event_id, who, promotion = offered

    book(event_id, 2, who, id=use(promotion))

    assert free_seats(event_id) == 3


def test_offer_lets_no_larger_booking_past_the_line(offered):
    """Also where the offer is gone by the commit, when it would be compared with its booking."""
    event_id, who, promotion = offered

    with refused("trg_waitlist_first"):
        book(event_id, 3, who, id=use(promotion))
        run("DELETE FROM waitlist_promotions WHERE id = %s", promotion)


def test_offer_lets_nobody_else_past_the_line(offered):
    event_id, _, promotion = offered

    with refused("trg_waitlist_first"):
        book(event_id, 2, id=use(promotion))
        run("DELETE FROM waitlist_promotions WHERE id = %s", promotion)


def test_offer_of_an_event_that_was_called_off_is_not_used(offered):
    event_id, who, promotion = offered
    run("UPDATE events SET status = 'cancelled' WHERE id = %s", event_id)

    with refused("trg_sales_open"):
        book(event_id, 2, who, id=use(promotion))
