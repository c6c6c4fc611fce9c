"""Entries under plain SQL: who may join, and positions 1 to n after every statement."""

import pytest
from django.db import connection

from evently.audit.context import stamp
from evently.tests.rows import (
    book,
    check_everything,
    event,
    full_event,
    line,
    offer,
    people,
    person,
    wait,
)
from evently.tests.sql import as_at_commit, refused, rows_read, run, value

pytestmark = pytest.mark.django_db

UNKNOWN_ID = "00000000-0000-7000-8000-000000000000"


@pytest.fixture(autouse=True)
def balanced():
    yield
    check_everything()


@pytest.fixture
def full():
    return full_event()[0]


def status_of(entry):
    return run("SELECT status, position FROM waitlists WHERE id = %s", entry)[0]


# ── Constraints ─────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("constraint", "columns"),
    [
        ("chk_waitlist_quantity", {"quantity": 11, "min_quantity": 1, "status": "left"}),
        ("chk_waitlist_min_quantity", {"quantity": 0, "min_quantity": 0, "status": "left"}),
        ("chk_waitlist_min_quantity", {"quantity": -1, "min_quantity": -1, "status": "left"}),
        ("chk_waitlist_min_quantity", {"quantity": 2, "min_quantity": 0, "status": "left"}),
        ("chk_waitlist_min_quantity", {"quantity": 2, "min_quantity": -1, "status": "left"}),
        ("chk_waitlist_min_quantity", {"quantity": 2, "min_quantity": 3}),
        ("chk_waitlist_status", {"status": "asleep"}),
        ("chk_waitlist_price", {"unit_price": -1}),
        ("chk_waitlist_price", {"unit_price": "NaN"}),
        ("chk_waitlist_priority_reason", {"priority_score": 5}),
        ("chk_waitlist_ranked_reason", {"ranked_at": "2020-01-01", "status": "left"}),
        ("waitlists_passed_over_check", {"passed_over": -1, "status": "left"}),
        ("trg_join_limit", {"quantity": 11}),
        ("fk_waitlists_event", {"event_id": UNKNOWN_ID}),
        ("fk_waitlists_user", {"user_id": UNKNOWN_ID}),
        ("trg_entry_final", {"status": "promoted"}),
    ],
)
def test_entry_refuses(full, constraint, columns):
    with refused(constraint):
        wait(**({"event_id": full} | columns))
    assert line(full) == []


def test_deleted_user_cannot_join(full):
    """trg_waitlists_person, trg_waitlists_person_again"""
    entry, other = wait(full), person()
    run("UPDATE waitlists SET status = 'left'")
    as_at_commit()
    run("UPDATE users SET deleted_at = now()")
    with refused("trg_person_left"):
        wait(full, user_id=other)
    with refused("trg_person_left"):
        run("UPDATE waitlists SET status = 'waiting' WHERE id = %s", entry)
    assert line(full) == []


@pytest.mark.parametrize(
    "columns",
    [
        {"quantity": 4},
        {"quantity": 4, "min_quantity": 1},
        {"priority_score": -3, "priority_reason": "late"},
        {"status": "left"},
        {"status": "expired"},
    ],
)
def test_entry_accepts(full, columns):
    entry = wait(full, **columns)
    assert line(full) == ([] if "status" in columns else [entry])


def test_position_is_derived_whatever_is_written(full):
    """So chk_waitlist_position and waitlists_position_check never fail."""
    entries = [wait(full, position=99), wait(full, position=-1), wait(full, position=1)]
    assert line(full) == entries
    run("UPDATE waitlists SET position = 7")
    run("UPDATE waitlists SET position = -7")
    assert line(full) == entries


def test_user_has_one_entry_per_event(full):
    who = person()
    entry = wait(full, user_id=who)
    with refused("unq_user_event_waitlist"):
        wait(full, user_id=who)
    wait(full_event()[0], user_id=who)
    with refused("waitlists_pkey"):
        wait(full, id=entry)


# ── trg_waitlists_join ──────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "change",
    [
        "status = 'cancelled'",
        "published_at = NULL",
        "sales_end_at = now() - interval '1 minute'",
        "sales_start_at = now() + interval '1 minute'",
        "event_date = created_at + interval '1 minute'",
    ],
)
def test_waitlist_of_a_closed_event_cannot_be_joined(full, change):
    entry = wait(full)
    run("UPDATE waitlists SET status = 'left' WHERE id = %s", entry)
    run(f"UPDATE events SET {change}")
    with refused("trg_join_closed"):
        wait(full)
    with refused("trg_join_closed"):
        run("UPDATE waitlists SET status = 'waiting' WHERE id = %s", entry)


def test_entry_for_more_seats_than_allowed_is_refused():
    small, _ = full_event(4)
    with refused("trg_join_limit"):
        wait(small, 5)
    strict, _ = full_event(2, max_per_booking=2)
    with refused("trg_join_limit"):
        wait(strict, 3)
    wait(strict, 2)


def test_waiting_for_seats_on_sale_is_refused():
    event_id = event(total_capacity=3)
    with refused("trg_seats_on_sale"):
        wait(event_id)
    with refused("trg_seats_on_sale"):
        wait(event_id, 3)
    book(event_id)
    first = wait(event_id, 3)
    with refused("trg_seats_on_sale"):
        wait(event_id, 3, min_quantity=2)
    # Free seats that an entry fits are not on public sale, so others may join behind it.
    run("DELETE FROM bookings")
    assert line(event_id) == [first]
    second = wait(event_id, 1)
    assert line(event_id) == [first, second]


def test_joined_at_is_set_by_the_database(full):
    early = value("SELECT now() - interval '1 year'")
    first = wait(full)
    second = wait(full, joined_at=early)
    assert line(full) == [first, second]
    run("UPDATE waitlists SET joined_at = %s", early)
    assert line(full) == [first, second]
    assert value("SELECT min(joined_at) > %s FROM waitlists", early)


# ── trg_waitlists_rejoin and trg_waitlists_a_guard ──────────────────────────
def test_rejoining_is_at_the_end(full):
    first, second, third = wait(full), wait(full), wait(full)
    run("UPDATE waitlists SET status = 'left' WHERE id = %s", first)
    assert line(full) == [second, third]
    assert status_of(first) == ("left", None)
    with refused("trg_passed_over"):
        run("UPDATE waitlists SET status = 'waiting', passed_over = 4 WHERE id = %s", first)
    stamp(connection)
    run("UPDATE waitlists SET status = 'waiting', passed_over = 4 WHERE id = %s", first)
    assert line(full) == [second, third, first]
    assert value("SELECT passed_over FROM waitlists WHERE id = %s", first) == 0


@pytest.mark.parametrize(
    "change",
    [
        "id = evently_uuid7()",
        "event_id = evently_uuid7()",
        "user_id = evently_uuid7()",
        "quantity = 3",
        "unit_price = 1",
    ],
)
def test_waiting_entry_cannot_ask_for_more(full, change):
    entry = wait(full, 2)
    with refused("trg_entry_final"):
        run(f"UPDATE waitlists SET {change} WHERE id = %s", entry)
    run("UPDATE waitlists SET quantity = 1, min_quantity = 1 WHERE id = %s", entry)
    assert line(full) == [entry]


def test_only_a_waiting_entry_is_promoted(full):
    entry = wait(full)
    for status in ("left", "expired", "booked"):
        run("UPDATE waitlists SET status = %s WHERE id = %s", status, entry)
        with refused("trg_entry_final"):
            run("UPDATE waitlists SET status = 'promoted' WHERE id = %s", entry)


def test_entry_with_an_offer_cannot_wait_as_well(full):
    entry = wait(full)
    run("UPDATE bookings SET quantity = 9")
    promotion = offer(entry)
    with refused("trg_entry_final"):
        run("UPDATE waitlists SET status = 'waiting' WHERE id = %s", entry)
    run("UPDATE waitlist_promotions SET status = 'declined' WHERE id = %s", promotion)
    run("UPDATE bookings SET quantity = 10")
    # All that was asked for was declined: there is no rest to wait for.
    with refused("trg_entry_final"):
        run("UPDATE waitlists SET status = 'waiting' WHERE id = %s", entry)
    run("UPDATE waitlists SET status = 'left' WHERE id = %s", entry)
    run("UPDATE waitlists SET status = 'waiting' WHERE id = %s", entry)
    assert line(full) == [entry]


# ── trg_waitlists_rank_insert, trg_waitlists_rank_update, trg_waitlists_rank_delete ──
def join_many(event_id, count):
    """Insert this many entries in one statement; return them in order."""
    run(
        "INSERT INTO waitlists (event_id, user_id) SELECT %s, unnest(%s::uuid[])",
        *(event_id, people(count)),
    )
    return line(event_id)


def test_positions_follow_priority_then_time(full):
    first, second, third = join_many(full, 3)
    run("UPDATE waitlists SET priority_score = 5, priority_reason = 'speaker' WHERE id = %s", third)
    assert line(full) == [third, first, second]
    run("UPDATE waitlists SET priority_score = -1, priority_reason = 'late' WHERE id = %s", first)
    assert line(full) == [third, second, first]
    fourth = wait(full, priority_score=5, priority_reason="speaker")
    assert line(full) == [third, fourth, second, first]
    run("UPDATE waitlists SET priority_score = 0")
    assert line(full) == [first, second, third, fourth]


def test_positions_follow_the_time_that_an_organizer_ranks_by(full):
    first, second, third = join_many(full, 3)
    run(
        "UPDATE waitlists SET priority_reason = 'speaker', ranked_at = ("
        " SELECT joined_at - interval '1 second' FROM waitlists WHERE id = %s) WHERE id = %s",
        first,
        third,
    )
    assert line(full) == [third, first, second]
    with refused("chk_waitlist_ranked_reason"):
        run("UPDATE waitlists SET priority_reason = '' WHERE id = %s", third)
    run("UPDATE waitlists SET status = 'left' WHERE id = %s", third)
    run("UPDATE waitlists SET status = 'waiting' WHERE id = %s", third)
    assert line(full) == [first, second, third]
    assert value("SELECT ranked_at FROM waitlists WHERE id = %s", third) is None


def test_many_leave_and_rejoin_in_one_statement(full):
    entries = join_many(full, 30)
    run("UPDATE waitlists SET status = 'left' WHERE id = ANY(%s)", entries[::3])
    left = [entry for number, entry in enumerate(entries) if number % 3]
    assert line(full) == left
    run("DELETE FROM waitlists WHERE id = ANY(%s)", left[::2])
    assert line(full) == left[1::2]
    run("UPDATE waitlists SET status = 'waiting' WHERE status = 'left'")
    assert line(full)[:10] == left[1::2]
    run("UPDATE waitlists SET status = 'expired'")
    assert line(full) == []


def test_waitlists_of_many_events_change_in_one_statement():
    events = [full_event()[0] for _ in range(3)]
    lines = [join_many(event_id, 4) for event_id in events]
    run("UPDATE waitlists SET status = 'left' WHERE position = 2")
    for event_id, entries in zip(events, lines, strict=True):
        assert line(event_id) == [entries[0], *entries[2:]]


def test_deleting_users_closes_the_gaps(full):
    entries = join_many(full, 5)
    run(
        "DELETE FROM users WHERE id IN (SELECT user_id FROM waitlists WHERE id = ANY(%s))",
        entries[1:3],
    )
    assert line(full) == [entries[0], *entries[3:]]


def test_leaving_a_waitlist_of_ten_thousand(full, misled_planner):
    """The waitlist is read a few times, not once for each entry that moves up."""
    for _ in range(5):
        entries = join_many(full, 2_000)
    before = rows_read("waitlists")
    run("UPDATE waitlists SET status = 'left' WHERE id = %s", entries[0])
    read = rows_read("waitlists") - before
    assert line(full) == entries[1:]
    # As the planner finds best: four or five times. For each entry, it would be thousands.
    assert read < 8 * 10_000


def test_audit_log_leaves_positions_out(full):
    """trg_audit_update ignores derived columns; trg_audit_insert and _delete log each row."""
    join_many(full, 3)
    run("DELETE FROM waitlists WHERE position = 1")
    rows = run(
        "SELECT action, count(*) FROM audit_log WHERE table_name = 'waitlists'"
        " GROUP BY 1 ORDER BY 1"
    )
    assert rows == [("delete", 1), ("insert", 3)]
