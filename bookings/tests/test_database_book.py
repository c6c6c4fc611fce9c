"""The function that writes a booking, called by plain SQL, and the one for refused attempts."""

import json
import threading

import pytest
from django.db import OperationalError, connection, transaction

from bookings.models import Booking, BookingAttempt
from evently.audit.context import acting, facts_for
from evently.audit.models import AuditLog
from evently.database.ids import uuid7
from evently.idempotency.models import IdempotencyKey
from evently.tests.rows import book, event, free_seats, person
from evently.tests.sql import refused, run, value
from evently.transactions import violated_constraint

BOOK = """
    SELECT evently_book(context => %(context)s, claim => %(claim)s, answer_status => 201,
        answer => %(answer)s, stand_in => 'reference-1', booking => %(booking)s,
        event => %(event)s, person => %(person)s, seats => %(seats)s, price => 0,
        made_at => evently_clock(), quote => NULL, quote_seats => NULL, mailbox_digest => NULL,
        terms => NULL, known_seats => %(known)s, price_has_risen => %(risen)s,
        ip => '192.0.2.1', agent => 'psql')
"""
CLAIM = ["key-1", "POST", "/api/v1/bookings/", "digest"]


def call(event_id, user_id=None, **given):
    values = {
        "context": None,
        "claim": None,
        "answer": None,
        "booking": uuid7(),
        "event": event_id,
        "person": user_id or person(),
        "seats": 2,
        "known": None,
        "risen": False,
    }
    with connection.cursor() as cursor:
        cursor.execute(BOOK, values | given)
        return cursor.fetchone()[0]


@pytest.mark.django_db
def test_it_takes_the_seats_and_logs_the_attempt_under_the_given_context():
    event_id, user_id = event(), person()
    with acting(actor=str(user_id), via="api", request_id="request-1"):
        context = facts_for(connection)
    reference = call(event_id, user_id, context=context)
    booking = Booking.objects.get(event_id=event_id)
    assert (booking.booking_reference, booking.quantity) == (reference, 2)
    assert free_seats(event_id) == 8
    attempt = BookingAttempt.objects.get(event_id=event_id)
    assert (attempt.booking_id, attempt.ip_address) == (booking.pk, "192.0.2.1")
    row = AuditLog.objects.get(table_name="bookings")
    assert (row.actor, row.via, row.request_id) == (str(user_id), "api", "request-1")
    assert row.signed


@pytest.mark.django_db
def test_the_answer_is_kept_with_the_true_reference():
    event_id, user_id = event(), person()
    answer = json.dumps({"booking_reference": "reference-1", "quantity": 2})
    reference = call(event_id, user_id, claim=CLAIM, answer=answer)
    key = IdempotencyKey.objects.get(user_id=user_id)
    assert (key.key, key.method, key.path, key.body_digest) == tuple(CLAIM)
    assert (key.status, key.answer["booking_reference"]) == (201, reference)


@pytest.mark.django_db
def test_a_claimed_key_books_nothing():
    event_id, user_id = event(), person()
    assert call(event_id, user_id, claim=CLAIM, answer="{}")
    assert call(event_id, user_id, claim=CLAIM, answer="{}") is None
    assert free_seats(event_id) == 8
    assert BookingAttempt.objects.count() == 1


@pytest.mark.django_db
def test_more_seats_than_were_shown_are_refused():
    event_id, user_id = event(), person()
    book(event_id, 3, user_id=user_id)
    with refused("already_booked"):
        call(event_id, user_id, known=2)
    assert call(event_id, user_id, known=3)
    assert call(event_id, known=0)


@pytest.mark.django_db
def test_a_risen_price_is_refused_after_all_else():
    event_id = event()
    book(event_id, 3)
    with refused("price_changed"):
        call(event_id, risen=True)
    with refused("trg_seats_available"):
        call(event_id, seats=8, risen=True)
    assert free_seats(event_id) == 7


@pytest.mark.django_db(transaction=True)
def test_a_key_whose_first_request_has_not_ended_is_refused():
    event_id, user_id = event(), person()
    claimed, ended = threading.Event(), threading.Event()

    def first():
        with transaction.atomic():
            call(event_id, user_id, claim=CLAIM, answer="{}")
            claimed.set()
            ended.wait(30)
        connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    try:
        assert claimed.wait(30)
        with pytest.raises(OperationalError) as caught, transaction.atomic():
            run("SET LOCAL lock_timeout = '100ms'")
            call(event_id, user_id, claim=CLAIM, answer="{}")
    finally:
        ended.set()
        thread.join()
    assert violated_constraint(caught.value) == "request_in_progress"
    assert free_seats(event_id) == 8


@pytest.mark.django_db
def test_a_refused_attempt_of_an_unknown_event_leaves_no_row():
    context = facts_for(connection)
    event_id = event()
    for each in (event_id, uuid7()):
        run(
            "SELECT evently_log_refusal(%s, %s, NULL, 3, 'sold_out', '192.0.2.1', 'psql')",
            context,
            each,
        )
    (attempt,) = BookingAttempt.objects.all()
    assert (attempt.event_id, attempt.failure_reason, attempt.quantity) == (
        event_id,
        "sold_out",
        3,
    )
    assert value("SELECT count(*) FROM audit_log WHERE table_name = 'booking_attempts'") == 0
