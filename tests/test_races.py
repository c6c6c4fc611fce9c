"""Many at once: real threads, each with a connection of its own, all starting together."""

import random
import threading
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest
from django.db import connection, connections

from bookings import operations as bookings
from bookings.factories import BookingFactory
from bookings.models import Booking, BookingAttempt
from bookings.operations import Canceller
from bookings.signals import booking_confirmed
from boxoffice.lifecycle.operations import people as removing
from evently.accounts.factories import UserFactory
from evently.errors import DomainError
from evently.idempotency.keys import Idempotency, Replayed
from evently.origin import Origin
from evently.tests.rows import check_everything, free_seats, people
from evently.tests.running import wait_for
from evently.tests.sql import run, value
from evently.transactions import ReferencedRowDeleted
from events.factories import EventFactory
from waitlists import operations
from waitlists.models import Promotion, WaitlistEntry

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.processes,
    pytest.mark.slow,
]

CONNECTIONS, ATTEMPTS, SEATS = 16, 1500, 500
ORIGIN = Origin(ip_address="192.0.2.1", user_agent="race")
INSERTS = {
    "a booking": (
        "INSERT INTO bookings (event_id, user_id, quantity, total_amount) VALUES (%s, %s, 1, 0)"
    ),
    "a place in line": "INSERT INTO waitlists (event_id, user_id) VALUES (%s, %s)",
}
SOMEBODY_WAITS = """
    SELECT EXISTS (
        SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock')
"""


@pytest.fixture(autouse=True)
def balanced():
    """Whatever a test did, everything balances at its end, and nobody who fits was left waiting."""
    yield
    check_everything()
    assert not run(
        "SELECT w.id FROM waitlists w JOIN events e ON e.id = w.event_id"
        " WHERE w.status = 'waiting' AND w.min_quantity <= e.available_seats"
        " AND e.status = 'active'"
    )


def at_once(*works):
    """Run each in a thread of its own, all from the same moment; return how each ended."""
    barrier = threading.Barrier(len(works))
    ends = [None] * len(works)

    def thread(number, work):
        try:
            connection.ensure_connection()
            barrier.wait(timeout=30)
            ends[number] = work()
        except (DomainError, Replayed, psycopg.Error) as error:
            ends[number] = error
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=thread, args=[number, work]) for number, work in enumerate(works)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=120)
    return ends


def plain_connection():
    """Connect as the application does, around Django."""
    given = connection.get_connection_params()
    wanted = ("host", "port", "dbname", "user", "password")
    chosen = {name: given[name] for name in wanted if name in given}
    return psycopg.connect(**chosen, autocommit=True)


# ── Plain SQL ───────────────────────────────────────────────────────────────
@pytest.mark.parametrize("mixed", [False, True], ids=["one seat each", "a third asks for 2 to 4"])
def test_1500_plain_attempts_on_500_seats(mixed):
    event = EventFactory(total_capacity=SEATS)
    crowd = people(50)
    each = ATTEMPTS // CONNECTIONS + 1
    refusals = Counter()

    def attempts(seed):
        draw = random.Random(seed)

        def work():
            with plain_connection() as database:
                for number in range(min(each, ATTEMPTS - seed * each)):
                    quantity = draw.randint(2, 4) if mixed and number % 3 == 0 else 1
                    try:
                        database.execute(
                            "INSERT INTO bookings (event_id, user_id, quantity, total_amount)"
                            " VALUES (%s, %s, %s, 0)",
                            [event.pk, draw.choice(crowd), quantity],
                        )
                    except psycopg.errors.CheckViolation as error:
                        refusals[error.diag.constraint_name] += 1

        return work

    assert at_once(*[attempts(seed) for seed in range(CONNECTIONS)]) == [None] * CONNECTIONS
    booked = Booking.objects.count()
    assert booked + refusals.total() == ATTEMPTS
    assert set(refusals) == {"trg_seats_available"}
    # Single seats were asked for to the end, so none is left over.
    assert free_seats(event.pk) == 0
    assert value("SELECT sum(quantity) FROM bookings") == SEATS
    if not mixed:
        assert (booked, refusals.total()) == (SEATS, ATTEMPTS - SEATS)


# ── Two at once ─────────────────────────────────────────────────────────────
def test_two_cancel_the_same_booking():
    event = EventFactory(total_capacity=3)
    for _ in range(5):
        booking = BookingFactory(event=event, quantity=2)

        def cancel(booking=booking):
            return bookings.cancel_booking(
                event_id=event.pk, booking_id=booking.pk, by=Canceller.ATTENDEE
            )

        ends = at_once(cancel, cancel)
        assert sorted(type(end).__name__ for end in ends) == ["AlreadyCancelled", "Booking"]
        assert free_seats(event.pk) == 3


def test_claim_against_the_end_of_its_time(clock):
    claimed = Counter()
    for number in range(8):
        event = EventFactory(total_capacity=1)
        booking = BookingFactory(event=event)
        entry = operations.join_waitlist(event_id=event.pk, user_id=UserFactory().pk, quantity=1)
        behind = operations.join_waitlist(event_id=event.pk, user_id=UserFactory().pk, quantity=1)
        bookings.cancel_booking(event_id=event.pk, booking_id=booking.pk, by=Canceller.ORGANIZER)
        offer = Promotion.objects.get(waitlist_id=entry.pk)
        left = offer.expires_at - value("SELECT clock_timestamp()")
        clock.move(left - timedelta(milliseconds=20 * number))

        def accept(offer=offer):
            return operations.accept_promotion(
                event_id=offer.event_id, promotion_id=offer.pk, origin=ORIGIN
            )

        def expire(offer=offer):
            for _ in range(20):
                operations.expire_promotions(event_id=offer.event_id)

        end = at_once(accept, expire)[0]
        expire()
        offer.refresh_from_db()
        behind.refresh_from_db()
        clock.reset()
        claimed[type(end).__name__] += 1
        if isinstance(end, Booking):
            assert (offer.status, behind.status) == ("used", "waiting")
            assert offer.ended_at < offer.expires_at
        else:
            assert isinstance(end, operations.PromotionExpired)
            assert (offer.status, behind.status) == ("expired", "promoted")
    assert claimed.total() == 8


def test_joining_against_seats_that_come_free():
    for _ in range(8):
        event = EventFactory(total_capacity=2)
        booked = [BookingFactory(event=event) for _ in range(2)]
        user = UserFactory()
        ends = at_once(
            lambda event=event, user=user: operations.join_waitlist(
                event_id=event.pk, user_id=user.pk, quantity=1
            ),
            lambda booking=booked[0]: bookings.cancel_booking(
                event_id=booking.event_id, booking_id=booking.pk, by=Canceller.ATTENDEE
            ),
        )
        if isinstance(ends[0], operations.SeatsAvailable):
            assert free_seats(event.pk) == 1
        else:
            # In line before the seat came free, so it is theirs to claim.
            assert WaitlistEntry.objects.get(event_id=event.pk).status == "promoted"
            assert free_seats(event.pk) == 0


def test_booking_against_the_line():
    """Whoever books while somebody joins and a seat comes free walks past nobody."""
    for _ in range(5):
        event = EventFactory(total_capacity=1)
        booked = BookingFactory(event=event)
        waiting, passing = UserFactory(), UserFactory()
        operations.join_waitlist(event_id=event.pk, user_id=waiting.pk, quantity=1)
        ends = at_once(
            lambda booking=booked: bookings.cancel_booking(
                event_id=booking.event_id, booking_id=booking.pk, by=Canceller.ATTENDEE
            ),
            *[
                lambda event=event, passing=passing: bookings.book_seats(
                    event_id=event.pk, user_id=passing.pk, quantity=1, origin=ORIGIN
                )
            ]
            * 3,
        )
        assert {type(end) for end in ends[1:]} <= {bookings.SoldOut, bookings.WaitlistFirst}
        assert WaitlistEntry.objects.get(event_id=event.pk).status == "promoted"


def test_the_same_key_at_once_makes_one_booking():
    event, user = EventFactory(total_capacity=10), UserFactory()

    def book():
        idempotency = Idempotency(
            user_id=user.pk,
            key="the same",
            method="POST",
            path="/api/v1/bookings/",
            body_digest="digest",
            render=lambda booking: (201, {"id": str(booking.pk)}),
        )
        return bookings.book_seats(
            event_id=event.pk, user_id=user.pk, quantity=2, origin=ORIGIN, idempotency=idempotency
        )

    ends = at_once(*[book] * 6)
    (booking,) = [end for end in ends if isinstance(end, Booking)]
    replays = [end for end in ends if isinstance(end, Replayed)]
    assert [(replay.status, replay.answer) for replay in replays] == [
        (201, {"id": str(booking.pk)})
    ] * 5
    assert Booking.objects.get().pk == booking.pk
    assert BookingAttempt.objects.count() == 1


# ── Prices ──────────────────────────────────────────────────────────────────
def test_price_that_falls_between_reading_and_taking_is_the_one_paid():
    """The booking has read 20 and waits for the event's row, where the price falls to 10."""
    event, user = EventFactory(priced=20), UserFactory()

    def book():
        return bookings.book_seats(
            event_id=event.pk, user_id=user.pk, quantity=1, origin=ORIGIN, unit_price=Decimal(20)
        )

    def lower_the_price():
        with plain_connection() as watcher, plain_connection() as holder, holder.transaction():
            holder.execute("SELECT FROM events WHERE id = %s FOR NO KEY UPDATE", [event.pk])
            locked.set()
            assert wait_for(lambda: watcher.execute(SOMEBODY_WAITS).fetchone()[0], 10)
            holder.execute("UPDATE events SET current_price = 10 WHERE id = %s", [event.pk])

    locked = threading.Event()
    booking, _ = at_once(lambda: locked.wait(10) and book(), lower_the_price)
    assert (booking.unit_price, booking.total_amount) == (10, 10)


# ── Deleted meanwhile ───────────────────────────────────────────────────────
def test_person_deleted_while_booking_is_told_plainly():
    event, user = EventFactory(), UserFactory()

    def delete(**kwargs):
        with plain_connection() as database:
            database.execute("SET lock_timeout = '2s'")
            database.execute("DELETE FROM users WHERE id = %s", [user.pk])

    booking_confirmed.connect(delete)
    try:
        with pytest.raises(ReferencedRowDeleted):
            bookings.book_seats(event_id=event.pk, user_id=user.pk, quantity=1, origin=ORIGIN)
    finally:
        booking_confirmed.disconnect(delete)
    assert free_seats(event.pk) == 10


@pytest.mark.parametrize("what", INSERTS)
def test_what_is_under_way_when_its_person_is_erased_is_refused(what):
    """It was written before anybody could see it, and commits after they have gone."""
    event, user = EventFactory(total_capacity=1), UserFactory()
    if what == "a place in line":
        BookingFactory(event=event)
    with plain_connection() as database:
        database.execute("BEGIN")
        database.execute(INSERTS[what], [event.pk, user.pk])
        removing.erase_person(user_id=user.pk)
        with pytest.raises(psycopg.errors.ForeignKeyViolation) as refusal:
            database.execute("COMMIT")
    assert refusal.value.diag.constraint_name == "trg_person_left"
    assert not Booking.objects.filter(user_id=user.pk).exists()
    assert not WaitlistEntry.objects.exists()


def test_erasing_waits_for_what_is_just_committing_and_takes_it_along():
    event, user = EventFactory(), UserFactory()
    with plain_connection() as database:
        database.execute("BEGIN")
        database.execute(INSERTS["a booking"], [event.pk, user.pk])
        # As at its commit: from here on the person is held.
        database.execute("SET CONSTRAINTS ALL IMMEDIATE")
        erasing = threading.Thread(
            target=lambda: (removing.erase_person(user_id=user.pk), connections.close_all())
        )
        erasing.start()
        wait_for(lambda: value(SOMEBODY_WAITS))
        database.execute("COMMIT")
        erasing.join(timeout=30)
    assert Booking.objects.get().status == "cancelled"
    assert free_seats(event.pk) == 10


def test_booking_made_while_its_owner_is_deleted_serves_the_line(monkeypatch):
    """It commits between the look at what they hold and the lock of the person."""
    event, user = EventFactory(total_capacity=1), UserFactory()
    locks, real = [], removing.lock_events

    def lock_and_book(ids):
        locked = real(ids)
        if not locks:
            with plain_connection() as database:
                database.execute(INSERTS["a booking"], [event.pk, user.pk])
                database.execute(INSERTS["a place in line"], [event.pk, event.created_by_id])
        locks.append(len(locked))
        return locked

    monkeypatch.setattr(removing, "lock_events", lock_and_book)
    removing.delete_person(user_id=user.pk)
    assert locks == [0, 1]
    assert WaitlistEntry.objects.get().status == "promoted"
