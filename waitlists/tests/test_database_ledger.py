"""The ledger under plain SQL: total = available + booked + held after every statement."""

import pytest
from django.db import DatabaseError, transaction

from evently.tests.database import as_owner
from evently.tests.rows import (
    book,
    check_everything,
    end_offer,
    event,
    free_seats,
    full_event,
    offer,
    person,
    wait,
)
from evently.tests.sql import refused, rows_read, run, value
from evently.transactions import violated_constraint

pytestmark = pytest.mark.django_db

BOOK_MANY = (
    "INSERT INTO bookings (event_id, user_id, quantity, total_amount)"
    " SELECT %s, %s, 1, 0 FROM generate_series(1, %s)"
)


@pytest.fixture(autouse=True)
def balanced():
    yield
    check_everything()


def held_event(capacity=3, quantity=2):
    """Return an event whose only free seats are held by an offer, its entry and the offer."""
    event_id, booking = full_event(capacity)
    entry = wait(event_id, quantity)
    run("UPDATE bookings SET quantity = %s WHERE id = %s", capacity - quantity, booking)
    return event_id, entry, offer(entry, quantity)


# ── trg_bookings_ledger_insert ──────────────────────────────────────────────
def test_booking_takes_seats_until_none_are_left():
    event_id = event(total_capacity=5)
    book(event_id, 3)
    with refused("trg_seats_available"):
        book(event_id, 3)
    book(event_id, 2)
    with refused("trg_seats_available"):
        book(event_id, 1)
    assert free_seats(event_id) == 0


def test_many_rows_in_one_statement_count_together():
    event_id, other = event(), event()
    run(BOOK_MANY, event_id, person(), 9)
    with refused("trg_seats_available"):
        run(BOOK_MANY, event_id, person(), 2)
    run(
        "INSERT INTO bookings (event_id, user_id, quantity, total_amount)"
        " SELECT id, %s, 1, 0 FROM events",
        person(),
    )
    assert (free_seats(event_id), free_seats(other)) == (0, 9)
    with refused("trg_seats_available"):
        run(
            "INSERT INTO bookings (event_id, user_id, quantity, total_amount)"
            " SELECT id, %s, 1, 0 FROM events ORDER BY id DESC",
            person(),
        )
    assert free_seats(other) == 9


def test_insert_with_a_conflict_moves_only_what_it_changes():
    event_id = event()
    booking = book(event_id)
    columns = "(id, event_id, user_id, quantity, total_amount) SELECT %s, %s, %s, 5, 0"
    who = person()
    run(f"INSERT INTO bookings {columns} ON CONFLICT DO NOTHING", booking, event_id, who)
    assert free_seats(event_id) == 9
    run(
        f"INSERT INTO bookings {columns} ON CONFLICT (id) DO UPDATE SET quantity = 3",
        *(booking, event_id, who),
    )
    assert free_seats(event_id) == 7
    run(
        "MERGE INTO bookings b USING (SELECT %s::uuid AS id) s ON b.id = s.id"
        " WHEN MATCHED THEN UPDATE SET quantity = 1",
        booking,
    )
    assert free_seats(event_id) == 9


def test_statements_inside_a_statement_count_together():
    event_id = event()
    first = book(event_id, 2)
    run(
        "WITH cancelled AS (UPDATE bookings SET status = 'cancelled' WHERE id = %s RETURNING 1),"
        " more AS (INSERT INTO bookings (event_id, user_id, quantity, total_amount)"
        "   VALUES (%s, %s, 4, 0) RETURNING 1)"
        " INSERT INTO bookings (event_id, user_id, quantity, total_amount)"
        " VALUES (%s, %s, 3, 0)",
        *(first, event_id, person(), event_id, person()),
    )
    assert free_seats(event_id) == 3


@pytest.mark.django_db(transaction=True)
def test_copied_rows_take_seats_too():
    """The owner's: PostgreSQL lets no role copy rows past policies."""
    event_id, who = event(total_capacity=2), person()
    target = "COPY bookings (event_id, user_id, quantity, total_amount) FROM STDIN"
    with as_owner() as owner, owner.cursor().copy(target) as stream:
        for _ in range(2):
            stream.write_row((event_id, who, 1, 0))
    assert free_seats(event_id) == 0


@pytest.mark.parametrize(
    "columns",
    [
        "status = 'cancelled'",
        "status = 'completed'",
        "published_at = NULL",
        "published_at = now() + interval '1 hour'",
        "sales_start_at = now() + interval '1 hour'",
        "sales_end_at = now() - interval '1 second'",
        "event_date = created_at + interval '1 minute'",
    ],
)
def test_closed_event_sells_no_seats_but_accepts_returns(columns):
    event_id = event()
    booking = book(event_id, 2)
    run(f"UPDATE events SET {columns}")
    with refused("trg_sales_open"):
        book(event_id)
    with refused("trg_sales_open"):
        run("UPDATE bookings SET quantity = 3")
    run("UPDATE bookings SET quantity = 1")
    run("UPDATE bookings SET status = 'cancelled' WHERE id = %s", booking)
    assert free_seats(event_id) == 10


def test_seats_of_a_missing_event_are_refused_even_if_it_is_inserted_afterwards():
    """A deferred foreign key alone would allow inserting the event later, with all seats free."""
    missing = value("SELECT evently_uuid7()")
    with refused("fk_bookings_event"):
        book(missing)
        event(id=missing)
    with refused("fk_waitlists_event"):
        wait(missing)
        event(id=missing)


def test_event_may_allow_fewer_seats_per_booking():
    event_id = event(max_per_booking=2)
    booking = book(event_id, 2)
    with refused("trg_booking_limit"):
        book(event_id, 3)
    with refused("trg_booking_limit"):
        run("UPDATE bookings SET quantity = 3 WHERE id = %s", booking)


def test_limit_per_person_counts_bookings_offers_and_waitlist_entry():
    event_id, who, other = event(max_per_person=3, total_capacity=5), person(), person()
    booking = book(event_id, 2, who)
    with refused("trg_person_limit"):
        book(event_id, 2, who)
    with refused("trg_person_limit"):
        run(BOOK_MANY, event_id, who, 2)
    with refused("trg_person_limit"):
        run("UPDATE bookings SET quantity = 4 WHERE id = %s", booking)
    book(event_id, 3, other)
    with refused("trg_person_limit"):
        wait(event_id, 2, who)
    wait(event_id, 1, who)
    run("UPDATE bookings SET status = 'cancelled' WHERE id = %s", booking)
    offer(value("SELECT id FROM waitlists"), 1)
    with refused("trg_person_limit"):
        book(event_id, 3, who)
    run("UPDATE events SET max_per_person = NULL")
    book(event_id, 1, who)


def test_limit_per_person_counts_what_an_entry_may_wait_on_for():
    """It is offered 2 of 4 seats, and the rest was forgotten until the offer ended."""
    event_id, who = event(max_per_person=6, total_capacity=10), person()
    other = book(event_id, 5)
    book(event_id, 5)
    entry = wait(event_id, 4, who, min_quantity=2)
    run("UPDATE bookings SET quantity = 3 WHERE id = %s", other)
    offer(entry, 2)
    run("UPDATE bookings SET status = 'cancelled' WHERE id = %s", other)

    with refused("trg_person_limit"):
        book(event_id, 3, who)
    book(event_id, 2, who)


# ── trg_bookings_ledger_update and trg_bookings_ledger_delete ───────────────
def test_change_of_quantity_moves_exactly_the_difference():
    event_id = event()
    booking = book(event_id, 2)
    run("UPDATE bookings SET quantity = 7")
    assert free_seats(event_id) == 3
    run("UPDATE bookings SET quantity = 1")
    assert free_seats(event_id) == 9
    book(event_id, 9)
    with refused("trg_seats_available"):
        run("UPDATE bookings SET quantity = 2 WHERE id = %s", booking)


def test_pending_bookings_hold_seats_and_confirming_moves_none():
    event_id = event()
    book(event_id, 4, status="pending", expires_at=value("SELECT now()"))
    assert free_seats(event_id) == 6
    run("UPDATE bookings SET status = 'confirmed'")
    assert free_seats(event_id) == 6
    run("UPDATE bookings SET status = 'cancelled'")
    assert free_seats(event_id) == 10
    run("UPDATE bookings SET status = 'cancelled', cancel_reason = 'twice'")
    run("DELETE FROM bookings")
    assert free_seats(event_id) == 10


def test_many_events_change_in_one_statement():
    events = [event() for _ in range(4)]
    for number, event_id in enumerate(events):
        book(event_id, number + 1)
    run("UPDATE bookings SET quantity = quantity + 1")
    assert [free_seats(event_id) for event_id in events] == [8, 7, 6, 5]
    run("DELETE FROM bookings")
    assert [free_seats(event_id) for event_id in events] == [10, 10, 10, 10]


def test_seats_of_deleted_users_are_returned():
    event_id, who = event(), person()
    book(event_id, 2, who)
    book(event_id, 3)
    run("DELETE FROM users WHERE id = %s", who)
    assert free_seats(event_id) == 7


# ── trg_waitlist_first ──────────────────────────────────────────────────────
def test_public_booking_cannot_bypass_the_waitlist():
    event_id, booking = full_event(10)
    wait(event_id, 3, min_quantity=2)
    run("UPDATE bookings SET quantity = 9")
    # One seat is too few for the entry, so it is on public sale.
    book(event_id, 1)
    run("UPDATE bookings SET quantity = 7 WHERE id = %s", booking)
    assert free_seats(event_id) == 2
    for quantity in (1, 2):
        with refused("trg_waitlist_first"):
            book(event_id, quantity)
    with refused("trg_waitlist_first"):
        run("UPDATE bookings SET quantity = 8 WHERE id = %s", booking)
    with refused("trg_seats_available"):
        book(event_id, 3)


def test_seats_cannot_move_between_bookings_past_the_waitlist():
    """A statement that returns and takes the same number of seats moves none in total."""
    event_id = event(total_capacity=4)
    first, second = book(event_id, 2), book(event_id, 2)
    wait(event_id)
    with refused("trg_waitlist_first"):
        run("UPDATE bookings SET quantity = CASE id WHEN %s THEN 3 ELSE 1 END", first)
    with refused("trg_waitlist_first"):
        run(
            "UPDATE bookings SET status = CASE id WHEN %s THEN 'cancelled' ELSE status END,"
            " quantity = CASE id WHEN %s THEN 3 ELSE quantity END",
            *(first, second),
        )
    run("UPDATE bookings SET quantity = 1 WHERE id = %s", first)
    assert free_seats(event_id) == 1


# ── trg_promotions_ledger_insert, trg_promotions_ledger_update, trg_promotions_ledger_delete
def test_offer_holds_its_seats_until_it_ends():
    for status in ("declined", "expired"):
        event_id, _, promotion = held_event()
        assert free_seats(event_id) == 0
        with refused("trg_seats_available"):
            book(event_id)
        end_offer(promotion, status)
        assert free_seats(event_id) == 2


def test_offer_needs_free_seats_on_sale():
    event_id, _ = full_event(5)
    entry = wait(event_id, 2)
    with refused("trg_seats_available"):
        offer(entry, 2)
    run("UPDATE bookings SET quantity = 3")
    with refused("trg_promotion_time"):
        offer(entry, 2, expires_at=value("SELECT now() + interval '31 days'"))
    run("UPDATE events SET status = 'cancelled'")
    with refused("trg_sales_open"):
        offer(entry, 2)


def test_used_offer_becomes_a_booking_despite_the_waitlist():
    event_id, entry, promotion = held_event()
    wait(event_id)
    booking = value("SELECT evently_uuid7()")
    end_offer(promotion, "used", booking_id=booking)
    run("UPDATE events SET sales_end_at = now()")
    who = value("SELECT user_id FROM waitlists WHERE id = %s", entry)
    book(event_id, 2, who, id=booking)
    run("SET CONSTRAINTS ALL IMMEDIATE")
    assert free_seats(event_id) == 0


def test_offer_is_deleted_with_its_entry_and_its_user():
    event_id, entry, _ = held_event()
    run("DELETE FROM waitlists WHERE id = %s", entry)
    assert free_seats(event_id) == 2
    event_id, entry, _ = held_event()
    run("DELETE FROM users WHERE id = (SELECT user_id FROM waitlists WHERE id = %s)", entry)
    assert free_seats(event_id) == 2
    assert value("SELECT count(*) FROM waitlist_promotions") == 0


# ── TRUNCATE, and many rows ─────────────────────────────────────────────────
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", ["bookings", "waitlist_promotions", "waitlists", "users"])
def test_truncation_by_the_owner_recounts_seats(table):
    """trg_bookings_truncate and trg_promotions_truncate."""
    with transaction.atomic():
        event_id, _, _ = held_event()
    assert free_seats(event_id) == 0
    with as_owner() as owner:
        owner.execute(f"TRUNCATE {table} CASCADE")
    if table != "users":  # which truncates events too
        # CASCADE truncates promotions with bookings, but not bookings with promotions.
        assert free_seats(event_id) == (3 if table == "bookings" else 2)


def test_application_may_not_truncate():
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        run("TRUNCATE bookings CASCADE")
    assert violated_constraint(caught.value) is None
    assert "permission denied" in str(caught.value)


def test_ten_thousand_bookings_are_cancelled_in_one_statement(misled_planner):
    """All bookings are read a few times, not once for each that is cancelled."""
    event_id = event(total_capacity=10_000)
    run(BOOK_MANY, event_id, person(), 10_000)
    assert free_seats(event_id) == 0
    before = [rows_read(table) for table in ("bookings", "events")]
    run("UPDATE bookings SET status = 'cancelled'")
    run("SET CONSTRAINTS ALL IMMEDIATE")
    after = [rows_read(table) for table in ("bookings", "events")]
    assert free_seats(event_id) == 10_000
    # Each is read twice, and so is its event for it.
    assert max(after) - max(before) < 3 * 10_000
