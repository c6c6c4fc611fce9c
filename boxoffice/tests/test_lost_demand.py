"""Lost demand, compared with cases that were counted by hand."""

from datetime import timedelta
from decimal import Decimal

import pytest

from boxoffice.figures import lost_demand_rolling
from boxoffice.figures.lost_demand import Outcome, Refused, refused_people
from evently.database.clock import now
from evently.tests.rows import event, insert, person, wait
from evently.tests.sql import run

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def at():
    return now()


def refuse(event_id, at, quantity=1, *, reason="sold_out", user=None, address=None):
    insert(
        "booking_attempts",
        event_id=event_id,
        user_id=user,
        quantity=quantity,
        result="failed",
        failure_reason=reason,
        attempted_at=at,
        ip_address=address,
    )


def book(event_id, user, at, address=None):
    booking = insert(
        "bookings",
        event_id=event_id,
        user_id=user,
        quantity=1,
        unit_price=20,
        total_amount=20,
        created_at=at,
    )
    insert(
        "booking_attempts",
        event_id=event_id,
        user_id=user,
        booking_id=booking,
        quantity=1,
        result="success",
        attempted_at=at,
        ip_address=address,
    )


def found(at, *events):
    lost_demand_rolling.roll_up(until=at)
    return {
        (row.outcome, row.reason): (row.people, row.seats, row.value)
        for row in refused_people(events)
    }


def test_people_count_once_with_the_most_seats_they_could_have_had(at):
    event_id, ana, ben = event(base_price=20, current_price=20), person(), person()
    for quantity in (2, 4, 3, 11, 0, -5, None):
        refuse(event_id, at - 5 * HOUR, quantity, user=ana)
    refuse(event_id, at - HOUR, 2, user=ben, reason="sales_closed")
    refuse(event_id, at - 2 * HOUR, 1, user=ben, reason="event_busy")
    refuse(event_id, at - timedelta(days=91), 9, user=person())
    refuse(event_id, at - HOUR, 50, user=person(), reason="invalid")
    for quantity in (1, 3):
        refuse(event_id, at - HOUR, quantity, address="192.0.2.7")
    refuse(event_id, at - HOUR, 1, address="2001:db8::7")
    refuse(event(), at - HOUR, 9, user=ana)

    assert found(at, event_id) == {
        (Outcome.LOST, "sold_out"): (3, 8, 160),
        (Outcome.LOST, "sales_closed"): (1, 2, 40),
    }
    assert refused_people([]) == []


def test_who_booked_or_joined_later_is_not_lost(at):
    event_id = event(base_price=20, current_price=20, total_capacity=2)
    booked, again, joined, waits, left = (person() for _ in range(5))
    for user in (booked, again, joined, left):
        refuse(event_id, at - 6 * HOUR, 4, user=user)
    book(event_id, booked, at - 5 * HOUR)
    # Booked once, and came back for two more in vain.
    book(event_id, again, at - 5 * HOUR)
    refuse(event_id, at - 4 * HOUR, 2, user=again, reason="person_limit")
    for user in (joined, waits, left):
        wait(event_id, user_id=user)
    refuse(event_id, at + HOUR, 3, user=waits, reason="waitlist_first")
    # These two have left the waitlist, and one of them tried again.
    run("UPDATE waitlists SET status = 'left' WHERE user_id IN (%s, %s)", left, joined)
    refuse(event_id, at + HOUR, 1, user=left)

    assert found(at + 2 * HOUR, event_id) == {
        (Outcome.BOOKED, "sold_out"): (1, 4, 80),
        (Outcome.LOST, "person_limit"): (1, 2, 40),
        (Outcome.JOINED, "sold_out"): (1, 4, 80),
        (Outcome.JOINED, "waitlist_first"): (1, 3, 60),
        (Outcome.LOST, "sold_out"): (1, 1, 20),
    }


def test_guests_are_followed_by_their_address(at):
    event_id, guest = event(base_price=20, current_price=20), person()
    refuse(event_id, at - 3 * HOUR, 2, address="192.0.2.1")
    refuse(event_id, at - 3 * HOUR, 2, address="192.0.2.2")
    book(event_id, guest, at - 2 * HOUR, address="192.0.2.1")

    assert found(at, event_id) == {
        (Outcome.BOOKED, "sold_out"): (1, 2, 40),
        (Outcome.LOST, "sold_out"): (1, 2, 40),
    }


def test_seats_are_worth_the_price_of_that_moment_in_each_currency(at, clock):
    rising = event(base_price=20, current_price=20, created_at=at - timedelta(days=9))
    for price, hours in ((25, 8), (30, 4)):
        clock.stop(at - hours * HOUR)
        run("UPDATE events SET current_price = %s WHERE id = %s", price, rising)
    for hours in (9, 6, 2):
        refuse(rising, at - hours * HOUR, 2, user=person())
    francs = event(base_price=7, current_price=7, currency="CHF")
    refuse(francs, at - HOUR, 3, user=person())

    lost_demand_rolling.roll_up(until=at)
    assert refused_people([rising, francs]) == [
        Refused("EUR", Outcome.LOST, "sold_out", 3, 6, Decimal(150)),
        Refused("CHF", Outcome.LOST, "sold_out", 1, 3, Decimal(21)),
    ]
