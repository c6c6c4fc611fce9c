"""Who is asked whether they are still coming, and whose seats may be returned: tested in SQL."""

from datetime import UTC, datetime, timedelta

import pytest

from evently.tests.rows import book, event, insert, person
from evently.tests.sql import as_at_commit, refused, run, value

pytestmark = pytest.mark.django_db

START = datetime(2027, 6, 15, 18, tzinfo=UTC)
ASKED = START - timedelta(days=5)
DAY = timedelta(hours=24)
SECOND = timedelta(seconds=1)
RETURN = "UPDATE bookings SET status = 'cancelled', cancelled_by = 'unanswered'"


@pytest.fixture
def asking(clock):
    clock.stop(ASKED - DAY)
    return event(event_date=START, ask_days_before=5, unanswered_policy="return")


@pytest.fixture
def booking(asking):
    return book(asking, 2, unanswered_policy="return")


def ask(event_id, booking_id, **columns):
    given = {"event_date": START, "seats": 2}
    return insert(
        "attendance_checks", event_id=event_id, booking_id=booking_id, **(given | columns)
    )


@pytest.fixture
def asked_twice(asking, booking, clock):
    clock.stop(ASKED)
    check = ask(asking, booking)
    clock.stop(ASKED + DAY)
    run("UPDATE attendance_checks SET asked_again_at = now()")
    clock.stop(ASKED + 2 * DAY)
    return check


def test_seats_are_returned_after_two_questions_and_a_day(asked_twice, booking):
    run(RETURN)
    as_at_commit()
    assert value("SELECT cancelled_by FROM bookings") == "unanswered"


def test_seats_are_not_returned_within_a_day_of_the_second_question(asked_twice, clock):
    clock.stop(ASKED + 2 * DAY - SECOND)
    with refused("trg_booking_returned"):
        run(RETURN)


def test_seats_are_not_returned_after_one_question(asking, booking, clock):
    clock.stop(ASKED)
    ask(asking, booking)
    clock.stop(ASKED + 3 * DAY)
    with refused("trg_booking_returned"):
        run(RETURN)


def test_seats_are_not_returned_unasked(booking):
    with refused("trg_booking_returned"):
        run(RETURN)


@pytest.mark.parametrize("promised", [None, "keep"])
def test_seats_are_not_returned_where_that_was_not_shown(asking, clock, promised):
    booking = book(asking, 2, unanswered_policy=promised)
    clock.stop(ASKED)
    ask(asking, booking)
    clock.stop(ASKED + DAY)
    run("UPDATE attendance_checks SET asked_again_at = now()")
    clock.stop(ASKED + 2 * DAY)
    with refused("trg_booking_returned"):
        run(RETURN)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE events SET unanswered_policy = 'keep'",
        "UPDATE events SET ask_days_before = NULL",
        "UPDATE events SET status = 'cancelled'",
        "UPDATE events SET event_date = event_date + interval '1 day'",
        "UPDATE attendance_checks SET coming = 2",
        "UPDATE tickets SET checked_in_at = now()",
    ],
)
def test_seats_are_not_returned_once_that_is_out_of_place(asked_twice, change):
    run(change)
    with refused("trg_booking_returned"):
        run(RETURN)


def test_seats_are_not_returned_on_the_last_day(asked_twice, clock):
    clock.stop(START - DAY)
    run("SAVEPOINT exactly")
    run(RETURN)
    run("ROLLBACK TO exactly")
    clock.stop(START - DAY + SECOND)
    with refused("trg_booking_returned"):
        run(RETURN)


def test_cancelled_booking_does_not_become_a_returned_one(asked_twice):
    run("UPDATE bookings SET status = 'cancelled', cancelled_by = 'attendee'")
    with refused("trg_booking_returned"):
        run("UPDATE bookings SET cancelled_by = 'unanswered'")


def test_what_was_promised_stays(booking):
    with refused("trg_booking_final"):
        run("UPDATE bookings SET unanswered_policy = NULL")


def test_promise_is_one_of_two(asking):
    with refused("chk_booking_unanswered"):
        book(asking, 1, unanswered_policy="sell")


def test_question_is_dated_by_the_database(asking, booking, clock):
    clock.stop(ASKED)
    long_ago = ASKED - 10 * DAY
    ask(asking, booking, asked_at=long_ago, asked_again_at=long_ago, coming=2, answered_at=long_ago)
    row = "SELECT asked_at, asked_again_at, coming, answered_at FROM attendance_checks"
    assert run(row) == [(ASKED, None, None, None)]


@pytest.mark.parametrize(
    ("change", "columns"),
    [
        ("SELECT 1", {"seats": 1}),
        ("SELECT 1", {"event_date": START + DAY}),
        ("UPDATE bookings SET status = 'cancelled'", {}),
        ("UPDATE events SET status = 'cancelled'", {}),
        ("UPDATE tickets SET checked_in_at = now()", {}),
    ],
)
def test_only_confirmed_bookings_are_asked_about_the_date(asking, booking, change, columns):
    run(change)
    with refused("trg_attendance_asked"):
        ask(asking, booking, **columns)


def test_no_one_is_asked_after_the_start(asking, booking, clock):
    clock.stop(START)
    with refused("trg_attendance_asked"):
        ask(asking, booking)


def test_unpaid_booking_and_that_of_another_event_are_not_asked(asking, booking):
    with refused("trg_attendance_asked"):
        ask(asking, book(asking, 2, status="pending"))
    with refused("trg_attendance_asked"):
        ask(event(event_date=START), booking)


def test_booking_is_asked_once_about_a_date(asking, booking):
    check = ask(asking, booking)
    with refused("unq_attendance_date"):
        ask(asking, booking)
    with refused("attendance_checks_pkey"):
        ask(asking, book(asking, 2), id=check)


def test_second_question_comes_a_day_later(asking, booking, clock):
    clock.stop(ASKED)
    ask(asking, booking)
    clock.stop(ASKED + DAY - SECOND)
    with refused("trg_attendance_again"):
        run("UPDATE attendance_checks SET asked_again_at = now() + interval '1 year'")
    clock.stop(ASKED + DAY)
    run("UPDATE attendance_checks SET asked_again_at = now() - interval '1 year'")
    assert value("SELECT asked_again_at FROM attendance_checks") == ASKED + DAY


def test_answered_question_is_not_repeated(asking, booking, clock):
    clock.stop(ASKED)
    ask(asking, booking)
    run("UPDATE attendance_checks SET coming = 2")
    clock.stop(ASKED + 2 * DAY)
    with refused("trg_attendance_again"):
        run("UPDATE attendance_checks SET asked_again_at = now()")


def test_answer_is_dated_by_the_database_and_can_change(asked_twice, clock):
    run("UPDATE attendance_checks SET coming = 2, answered_at = now() - interval '1 year'")
    assert value("SELECT answered_at FROM attendance_checks") == ASKED + 2 * DAY
    clock.stop(ASKED + 2 * DAY + SECOND)
    run("UPDATE attendance_checks SET coming = 1")
    run("UPDATE attendance_checks SET answered_at = NULL")
    assert value("SELECT answered_at FROM attendance_checks") == ASKED + 2 * DAY + SECOND


@pytest.mark.parametrize("coming", [-1, 3])
def test_answer_is_a_number_of_the_seats(asked_twice, coming):
    with refused("chk_attendance_answer"):
        run("UPDATE attendance_checks SET coming = %s", coming)


@pytest.mark.parametrize(
    "change",
    [
        "coming = NULL",
        "seats = 3",
        "asked_at = asked_at - interval '1 day'",
        "asked_again_at = NULL",
        "asked_again_at = asked_again_at - interval '1 hour'",
        "event_date = event_date + interval '1 day'",
        "event_id = gen_random_uuid()",
        "booking_id = gen_random_uuid()",
    ],
)
def test_what_was_asked_stays(asked_twice, change):
    run("UPDATE attendance_checks SET coming = 2")
    with refused("trg_attendance_final"):
        run(f"UPDATE attendance_checks SET {change}")


def test_question_follows_the_event_to_its_new_date(asked_twice):
    run("UPDATE events SET event_date = event_date + interval '1 day'")
    run("UPDATE attendance_checks SET event_date = event_date + interval '1 day'")
    assert value("SELECT event_date FROM attendance_checks") == START + DAY


def test_questions_go_with_their_booking(asked_twice, booking):
    run("DELETE FROM bookings WHERE id = %s", booking)
    as_at_commit()
    assert value("SELECT count(*) FROM attendance_checks") == 0


@pytest.mark.parametrize("days", [2, 15])
def test_event_asks_3_to_14_days_before(days):
    with refused("chk_event_ask_days"):
        event(ask_days_before=days)


def test_event_keeps_or_returns_seats():
    with refused("chk_event_unanswered"):
        event(unanswered_policy="sell", created_by_id=person())
