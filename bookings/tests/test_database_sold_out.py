"""The function that refuses seats of a sold-out event, called by plain SQL."""

import pytest
from django.db import connection

from bookings.models import BookingAttempt
from bookings.operations.sold_out import CODES
from evently.audit.context import acting, facts_for
from evently.audit.models import AuditLog
from evently.exact_json import as_json
from evently.idempotency.models import IdempotencyKey
from evently.tests.rows import book, event, person
from evently.tests.sql import run, value

CLAIM = ["key-1", "POST", "/api/v1/bookings/", "digest"]
SELL_OUT = "SELECT evently_refuse_sold_out(%s, %s, %s, %s, %s, %s, NULL, '192.0.2.1', 'psql')"

pytestmark = pytest.mark.django_db


def refuse(event_id, user_id=None, *, seats=1, claim=None):
    with acting(actor="visitor", via="api", request_id="request-1"):
        context = facts_for(connection)
    return value(SELL_OUT, context, claim, as_json(CODES), event_id, user_id or person(), seats)


def sold_out(**columns):
    event_id = event(total_capacity=2, **columns)
    book(event_id, 2)
    return event_id


def logged():
    return list(BookingAttempt.objects.values_list("result", "failure_reason", "quantity"))


def test_it_refuses_and_logs_more_seats_than_are_left():
    event_id, user_id = event(total_capacity=2), person()
    book(event_id, 1)
    assert refuse(event_id, user_id, seats=1) is None
    assert logged() == []
    assert refuse(event_id, user_id, seats=2) == "trg_seats_available"
    (attempt,) = BookingAttempt.objects.all()
    assert (attempt.event_id, attempt.user_id, attempt.booking_id) == (event_id, user_id, None)
    assert (attempt.ip_address, attempt.user_agent) == ("192.0.2.1", "psql")
    assert logged() == [("failed", "sold_out", 2)]
    assert not AuditLog.objects.filter(table_name="booking_attempts").exists()


@pytest.mark.parametrize(
    ("change", "rule", "code"),
    [
        ("status = 'cancelled'", "trg_sales_open", "sales_closed"),
        ("sales_end_at = now() - interval '1 minute'", "trg_sales_open", "sales_closed"),
        ("max_per_booking = 1", "trg_booking_limit", "booking_limit"),
        ("max_per_person = 1", "trg_person_limit", "person_limit"),
        ("max_per_person = 2", "trg_seats_available", "sold_out"),
    ],
)
def test_it_says_what_would_refuse_seats_that_were_left(change, rule, code):
    event_id = sold_out()
    run(f"UPDATE events SET {change} WHERE id = %s", event_id)
    assert refuse(event_id, seats=2) == rule
    assert logged() == [("failed", code, 2)]


def test_seats_that_a_person_has_count_for_the_limit():
    event_id, user_id = event(total_capacity=2, max_per_person=2), person()
    book(event_id, 2, user_id=user_id)
    assert refuse(event_id, user_id) == "trg_person_limit"
    assert refuse(event_id) == "trg_seats_available"


def test_a_refusal_uses_up_no_key():
    event_id, user_id = sold_out(), person()
    for _ in range(2):
        assert refuse(event_id, user_id, claim=CLAIM) == "trg_seats_available"
    assert not IdempotencyKey.objects.exists()
    assert refuse(event(), user_id, claim=CLAIM) is None
    assert not IdempotencyKey.objects.exists()


def test_a_key_that_was_claimed_before_is_not_refused():
    event_id, user_id = sold_out(), person()
    value("SELECT evently_claim_key(%s, %s, %s, %s, %s)", user_id, *CLAIM)
    assert refuse(event_id, user_id, claim=CLAIM) is None
    assert IdempotencyKey.objects.count() == 1
    assert logged() == []
