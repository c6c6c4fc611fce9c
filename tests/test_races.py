"""Races: real threads, each with its own connection, all starting at the same time."""

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
from bookings.signals import booking_drafted
from boxoffice.lifecycle import operations as removing
from boxoffice.lifecycle.operations import held
from evently.accounts.factories import UserFactory
from evently.idempotency.keys import Idempotency, Replayed
from evently.origin import Origin
from evently.tests.database import AS_WORKER
from evently.tests.rows import check_everything, free_seats, people
from evently.tests.running import wait_for
from evently.tests.sql import WAITING_SESSIONS, run, value
from evently.tests.together import run_together
from evently.transactions import ReferencedRowDeleted
from events.factories import EventFactory
from events.operations import QuoteUsed, quote_price
from notifications.models import Notification
from waitlists import operations
from waitlists.models import Promotion, WaitlistEntry

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.processes,
    pytest.mark.race,
    pytest.mark.slow,
]

CONNECTIONS, ATTEMPTS, SEATS = 16, 1500, 500
ORIGIN = Origin(ip_address="192.0.2.1", user_agent="race")
INSERTS = {
    "a booking": (
        "INSERT INTO bookings (event_id, user_id, quantity, total_amount) VALUES (%s, %s, 1, 0)"
    ),
    "a waitlist entry": "INSERT INTO waitlists (event_id, user_id) VALUES (%s, %s)",
}


@pytest.fixture(autouse=True)
def balanced():
    """After each test, everything balances and no waiting entry fits the free seats."""
    yield
    check_everything()
    assert not run(
        "SELECT w.id FROM waitlists w JOIN events e ON e.id = w.event_id"
        " WHERE w.status = 'waiting' AND w.min_quantity <= e.available_seats"
        " AND w.confirmed_at IS NOT NULL"
        " AND e.status = 'active'"
    )


def plain_connection():
    """Connect as the application does, without Django."""
    parameters = connection.get_connection_params()
    wanted = ("host", "port", "dbname", "user", "password")
    chosen = {name: parameters[name] for name in wanted if name in parameters}
    return psycopg.connect(**chosen, autocommit=True, options=AS_WORKER)


# ── Plain SQL ───────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "mixed", [False, True], ids=["one seat each", "a third of them 2 to 4 seats"]
)
def test_1500_attempts_in_plain_sql_on_500_seats(mixed):
    event = EventFactory(total_capacity=SEATS)
    users = people(50)
    attempts_each = ATTEMPTS // CONNECTIONS + 1
    refusals = Counter()

    def attempts(seed):
        draw = random.Random(seed)

        def attempt_all():
            with plain_connection() as database:
                for number in range(min(attempts_each, ATTEMPTS - seed * attempts_each)):
                    quantity = draw.randint(2, 4) if mixed and number % 3 == 0 else 1
                    try:
                        database.execute(
                            "INSERT INTO bookings (event_id, user_id, quantity, total_amount)"
                            " VALUES (%s, %s, %s, 0)",
                            [event.pk, draw.choice(users), quantity],
                        )
                    except psycopg.errors.CheckViolation as error:
                        refusals[error.diag.constraint_name] += 1

        return attempt_all

    assert run_together(*[attempts(seed) for seed in range(CONNECTIONS)]) == [None] * CONNECTIONS
    booked = Booking.objects.count()
    assert booked + refusals.total() == ATTEMPTS
    assert set(refusals) == {"trg_seats_available"}
    # Some attempts are for one seat until the end, so none is left.
    assert free_seats(event.pk) == 0
    assert value("SELECT sum(quantity) FROM bookings") == SEATS
    if not mixed:
        assert (booked, refusals.total()) == (SEATS, ATTEMPTS - SEATS)


# ── Two at once ─────────────────────────────────────────────────────────────
def test_two_cancellations_of_the_same_booking():
    event = EventFactory(total_capacity=3)
    for _ in range(5):
        booking = BookingFactory(event=event, quantity=2)

        def cancel(booking=booking):
            return bookings.cancel_booking(
                event_id=event.pk, booking_id=booking.pk, by=Canceller.ATTENDEE
            )

        outcomes = run_together(cancel, cancel)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == [
            "AlreadyCancelled",
            "Booking",
        ]
        assert free_seats(event.pk) == 3


def test_accepting_an_offer_while_it_expires(clock):
    outcomes = Counter()
    for number in range(8):
        event = EventFactory(total_capacity=1)
        booking = BookingFactory(event=event)
        entry = operations.join_waitlist(event_id=event.pk, user_id=UserFactory().pk, quantity=1)
        behind = operations.join_waitlist(event_id=event.pk, user_id=UserFactory().pk, quantity=1)
        bookings.cancel_booking(event_id=event.pk, booking_id=booking.pk, by=Canceller.ORGANIZER)
        offer = Promotion.objects.get(waitlist_id=entry.pk)
        # Known to its person, or it would be given more time.
        Notification.objects.filter(user_id=entry.user_id).update(read=True)
        left = offer.expires_at - value("SELECT clock_timestamp()")
        clock.move(left - timedelta(milliseconds=20 * number))

        def accept(offer=offer):
            return operations.accept_promotion(
                event_id=offer.event_id, promotion_id=offer.pk, origin=ORIGIN
            )

        def expire(offer=offer):
            for _ in range(20):
                operations.expire_promotions(event_id=offer.event_id)

        outcome = run_together(accept, expire)[0]
        expire()
        offer.refresh_from_db()
        behind.refresh_from_db()
        clock.reset()
        outcomes[type(outcome).__name__] += 1
        if isinstance(outcome, Booking):
            assert (offer.status, behind.status) == ("used", "waiting")
            assert offer.ended_at < offer.expires_at
        else:
            assert isinstance(outcome, operations.PromotionExpired)
            assert (offer.status, behind.status) == ("expired", "promoted")
    assert outcomes.total() == 8


def test_joining_while_seats_are_freed():
    for _ in range(8):
        event = EventFactory(total_capacity=2)
        booked = [BookingFactory(event=event) for _ in range(2)]
        user = UserFactory()
        outcomes = run_together(
            lambda event=event, user=user: operations.join_waitlist(
                event_id=event.pk, user_id=user.pk, quantity=1
            ),
            lambda booking=booked[0]: bookings.cancel_booking(
                event_id=booking.event_id, booking_id=booking.pk, by=Canceller.ATTENDEE
            ),
        )
        if isinstance(outcomes[0], operations.SeatsAvailable):
            assert free_seats(event.pk) == 1
        else:
            # They joined before the seat was freed, so it is offered to them.
            assert WaitlistEntry.objects.get(event_id=event.pk).status == "promoted"
            assert free_seats(event.pk) == 0


def test_booking_while_a_seat_is_freed_for_the_waitlist():
    """A seat that is freed while others try to book it goes to the waitlist."""
    for _ in range(5):
        event = EventFactory(total_capacity=1)
        booked = BookingFactory(event=event)
        waiting, other = UserFactory(), UserFactory()
        operations.join_waitlist(event_id=event.pk, user_id=waiting.pk, quantity=1)
        outcomes = run_together(
            lambda booking=booked: bookings.cancel_booking(
                event_id=booking.event_id, booking_id=booking.pk, by=Canceller.ATTENDEE
            ),
            *[
                lambda event=event, other=other: bookings.book_seats(
                    event_id=event.pk, user_id=other.pk, quantity=1, origin=ORIGIN
                )
            ]
            * 3,
        )
        assert {type(outcome) for outcome in outcomes[1:]} <= {
            bookings.SoldOut,
            bookings.WaitlistFirst,
        }
        assert WaitlistEntry.objects.get(event_id=event.pk).status == "promoted"


def test_the_same_idempotency_key_at_once_makes_one_booking():
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

    outcomes = run_together(*[book] * 6)
    (booking,) = [outcome for outcome in outcomes if isinstance(outcome, Booking)]
    replays = [outcome for outcome in outcomes if isinstance(outcome, Replayed)]
    assert [(replay.status, replay.answer) for replay in replays] == [
        (201, {"id": str(booking.pk)})
    ] * 5
    assert Booking.objects.get().pk == booking.pk
    assert BookingAttempt.objects.count() == 1


# ── Prices ──────────────────────────────────────────────────────────────────
def test_quote_pays_for_its_seats_once_however_many_book_with_it():
    event, user = EventFactory(priced=20, total_capacity=50), UserFactory()
    quote = quote_price(event_id=event.pk, quantity=4, holder=str(user.pk)).token

    def book():
        return bookings.book_seats(
            event_id=event.pk, user_id=user.pk, quantity=1, origin=ORIGIN, quote=quote
        )

    outcomes = run_together(*[book] * 12)

    assert Counter(type(outcome) for outcome in outcomes) == {Booking: 4, QuoteUsed: 8}
    assert Booking.objects.count() == 4


def test_two_forms_that_know_of_no_seats_make_one_booking():
    event, user = EventFactory(total_capacity=50), UserFactory()

    def book():
        return bookings.book_seats(
            event_id=event.pk, user_id=user.pk, quantity=1, origin=ORIGIN, known_seats=0
        )

    outcomes = run_together(*[book] * 8)

    assert Counter(type(outcome) for outcome in outcomes) == {
        Booking: 1,
        bookings.AlreadyBooked: 7,
    }


def test_price_that_falls_before_the_lock_is_the_one_paid():
    """The booking has read 20 and waits for the event's lock while the price falls to 10."""
    event, user = EventFactory(priced=20), UserFactory()

    def book():
        return bookings.book_seats(
            event_id=event.pk, user_id=user.pk, quantity=1, origin=ORIGIN, unit_price=Decimal(20)
        )

    def lower_the_price():
        with plain_connection() as watcher, plain_connection() as holder, holder.transaction():
            holder.execute("SELECT FROM events WHERE id = %s FOR NO KEY UPDATE", [event.pk])
            locked.set()
            assert wait_for(lambda: watcher.execute(WAITING_SESSIONS).fetchall(), 10)
            holder.execute("UPDATE events SET current_price = 10 WHERE id = %s", [event.pk])

    locked = threading.Event()
    booking, _ = run_together(lambda: locked.wait(10) and book(), lower_the_price)
    assert (booking.unit_price, booking.total_amount) == (10, 10)


# ── Users deleted meanwhile ─────────────────────────────────────────────────
def test_booking_of_a_user_deleted_meanwhile_is_refused():
    event, user = EventFactory(), UserFactory()

    def delete(**kwargs):
        with plain_connection() as database:
            database.execute("SET lock_timeout = '2s'")
            database.execute("DELETE FROM users WHERE id = %s", [user.pk])

    booking_drafted.connect(delete)
    try:
        with pytest.raises(ReferencedRowDeleted):
            bookings.book_seats(event_id=event.pk, user_id=user.pk, quantity=1, origin=ORIGIN)
    finally:
        booking_drafted.disconnect(delete)
    assert free_seats(event.pk) == 10


@pytest.mark.parametrize("row", INSERTS)
def test_row_not_committed_when_its_user_is_erased_is_refused(row):
    """It is inserted, invisible to others, before the erasure, and would commit after it."""
    event, user = EventFactory(total_capacity=1), UserFactory()
    if row == "a waitlist entry":
        BookingFactory(event=event)
    with plain_connection() as database:
        database.execute("BEGIN")
        database.execute(INSERTS[row], [event.pk, user.pk])
        removing.erase_person(user_id=user.pk)
        with pytest.raises(psycopg.errors.ForeignKeyViolation) as refusal:
            database.execute("COMMIT")
    assert refusal.value.diag.constraint_name == "trg_person_left"
    assert not Booking.objects.filter(user_id=user.pk).exists()
    assert not WaitlistEntry.objects.exists()


def test_erasure_waits_for_a_booking_that_is_committing_and_cancels_it():
    event, user = EventFactory(), UserFactory()
    with plain_connection() as database:
        database.execute("BEGIN")
        database.execute(INSERTS["a booking"], [event.pk, user.pk])
        # As at commit: from here on the user's row is locked.
        database.execute("SET CONSTRAINTS ALL IMMEDIATE")
        erasing = threading.Thread(
            target=lambda: (removing.erase_person(user_id=user.pk), connections.close_all())
        )
        erasing.start()
        wait_for(lambda: run(WAITING_SESSIONS))
        database.execute("COMMIT")
        erasing.join(timeout=30)
    assert Booking.objects.get().status == "cancelled"
    assert free_seats(event.pk) == 10


def test_booking_made_while_its_user_is_deleted_is_offered_to_the_waitlist(monkeypatch):
    """It commits after the user's bookings were read and before the user is locked."""
    event, user = EventFactory(total_capacity=1), UserFactory()
    locks, lock_events = [], held.lock_events

    def lock_and_book(ids):
        locked = lock_events(ids)
        if not locks:
            with plain_connection() as database:
                database.execute(INSERTS["a booking"], [event.pk, user.pk])
                database.execute(INSERTS["a waitlist entry"], [event.pk, event.created_by_id])
        locks.append(len(locked))
        return locked

    monkeypatch.setattr(held, "lock_events", lock_and_book)
    removing.delete_person(user_id=user.pk)
    assert locks == [0, 1]
    # Joined with plain SQL, it is not confirmed.
    entry = WaitlistEntry.objects.get()
    assert entry.status == "waiting"
    operations.confirm_entry(event_id=event.pk, entry_id=entry.pk)
    entry.refresh_from_db()
    assert entry.status == "promoted"
