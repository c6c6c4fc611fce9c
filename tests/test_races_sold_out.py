"""Refusals of sold-out events while their last seats are sold and returned, by real threads."""

import threading
from collections import Counter

import pytest
from django.db import connections, transaction

from bookings import operations
from bookings.models import Booking, BookingAttempt
from bookings.operations import Canceller, SoldOut
from evently.accounts.factories import UserFactory
from evently.idempotency.keys import Idempotency
from evently.idempotency.models import IdempotencyKey
from evently.origin import Origin
from evently.tests.rows import check_everything, free_seats
from evently.tests.running import wait_for
from evently.tests.sql import WAITING_SESSIONS, run
from evently.tests.together import run_together
from events.factories import EventFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.processes,
    pytest.mark.race,
    pytest.mark.slow,
]

ORIGIN = Origin(ip_address="192.0.2.1", user_agent="race")
THREADS, ROUNDS = 4, 15


@pytest.fixture(autouse=True)
def balanced():
    """After each test, everything balances."""
    yield
    check_everything()


def book(event, user, **options):
    return operations.book_seats(
        event_id=event.pk, user_id=user.pk, quantity=1, origin=ORIGIN, **options
    )


def keyed(user):
    return Idempotency(
        user_id=user.pk,
        key="the same",
        method="POST",
        path="/api/v1/bookings/",
        body_digest="digest",
        render=lambda booking: (201, {"id": str(booking.pk)}),
    )


def book_and_return(event, users):
    """Return a function that books and cancels a seat for each user, and counts the outcomes."""

    def churn():
        outcomes = Counter()
        for user in users:
            try:
                booking = book(event, user)
            except SoldOut:
                outcomes["sold_out"] += 1
                continue
            outcomes["booked"] += 1
            operations.cancel_booking(
                event_id=event.pk, booking_id=booking.pk, by=Canceller.ORGANIZER
            )
        return outcomes

    return churn


def churn_together(event):
    users = [UserFactory.create_batch(ROUNDS) for _ in range(THREADS)]
    outcomes = run_together(*[book_and_return(event, each) for each in users])
    return sum(outcomes, Counter())


def test_nobody_is_refused_while_a_seat_is_free_for_each():
    event = EventFactory(total_capacity=THREADS)
    assert churn_together(event) == {"booked": THREADS * ROUNDS}
    assert free_seats(event.pk) == THREADS


def test_each_attempt_on_the_last_seat_is_logged_once():
    event = EventFactory(total_capacity=1)
    outcomes = churn_together(event)
    assert outcomes.total() == THREADS * ROUNDS
    logged = Counter(
        reason or "booked"
        for reason in BookingAttempt.objects.values_list("failure_reason", flat=True)
    )
    assert logged == outcomes
    assert Booking.objects.count() == outcomes["booked"]
    assert BookingAttempt.objects.values("user_id").distinct().count() == THREADS * ROUNDS


def test_a_key_waits_for_its_first_request_and_is_refused_as_that_was():
    event, user = EventFactory(total_capacity=1), UserFactory()
    book(event, UserFactory())
    claimed, ended = threading.Event(), threading.Event()

    def first():
        with transaction.atomic():
            run(
                "SELECT evently_refuse_sold_out(NULL, ARRAY['the same', 'POST',"
                " '/api/v1/bookings/', 'digest'], '{\"trg_seats_available\": \"sold_out\"}',"
                " %s, %s, 1, NULL, NULL, '')",
                event.pk,
                user.pk,
            )
            claimed.set()
            ended.wait(30)

    def second():
        assert claimed.wait(30)
        return book(event, user, idempotency=keyed(user))

    def let_go():
        assert claimed.wait(30)
        try:
            wait_for(lambda: run(WAITING_SESSIONS))
        finally:
            ended.set()
            connections.close_all()

    _, refusal, _ = run_together(first, second, let_go)
    assert isinstance(refusal, SoldOut)
    assert not IdempotencyKey.objects.exists()
    reasons = BookingAttempt.objects.filter(user_id=user.pk).values_list("failure_reason")
    assert list(reasons) == [("sold_out",)] * 2


def test_the_last_seat_goes_once_to_requests_with_one_key():
    event, user = EventFactory(total_capacity=1), UserFactory()
    outcomes = run_together(*[lambda: book(event, user, idempotency=keyed(user))] * 6)
    assert Counter(type(outcome).__name__ for outcome in outcomes) == {"Booking": 1, "Replayed": 5}
    assert BookingAttempt.objects.count() == 1
