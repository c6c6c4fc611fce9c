"""Reserving, confirmed places, lapses and the public record, with plain SQL around Django."""

from datetime import timedelta

import psycopg
import pytest
from django.db import ProgrammingError, transaction

from evently.database.clock import now
from evently.tests.database import as_owner
from evently.tests.rows import (
    as_application,
    book,
    check_everything,
    end_offer,
    free_seats,
    full_event,
    insert,
    offer,
    person,
    wait,
)
from evently.tests.sql import assert_refused, refused, run, value
from waitlists.tests.recorded import check_record

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def balanced():
    yield
    check_everything()
    for (event_id,) in run("SELECT event_id FROM lines"):
        check_record(event_id)


@pytest.fixture
def full():
    return full_event()[0]


def free_one(event_id):
    run(
        "UPDATE bookings SET quantity = quantity - 1 WHERE event_id = %s AND quantity > 1", event_id
    )


def kinds_recorded():
    return [kind for (kind,) in run("SELECT kind FROM line_events ORDER BY seq")]


def passes(entry):
    return value(
        "SELECT w.passed_over + l.public_sales - w.public_sales_before FROM waitlists w"
        " JOIN lines l ON l.event_id = w.event_id WHERE w.id = %s",
        entry,
    )


# ── trg_offer_order ─────────────────────────────────────────────────────────
def test_offer_never_passes_an_entry_that_fits(full):
    wait(full)
    friend = wait(full)
    free_one(full)
    with refused("trg_offer_order"):
        offer(friend)


def test_unconfirmed_place_is_offered_nothing_and_passed_without_a_count(full):
    unproved, proved = wait(full, confirmed_at=None), wait(full)
    free_one(full)
    with refused("trg_offer_order"):
        offer(unproved)
    offer(proved)
    assert passes(unproved) == 0


def test_third_pass_reserves(full):
    party = wait(full, 4)
    singles = [wait(full) for _ in range(4)]
    for number, single in enumerate(singles[:3], 1):
        free_one(full)
        offer(single)
        assert passes(party) == number
    free_one(full)
    with refused("trg_offer_order"):
        offer(singles[3])
    with refused("trg_waitlist_first"):
        book(full)
    for _ in range(3):
        free_one(full)
    offer(party, 4)


def test_public_sales_pass_all_in_one_step_and_the_fourth_is_refused(full):
    party, pair = wait(full, 4), wait(full, 2)
    for number in range(3):
        free_one(full)
        book(full)
        assert [passes(party), passes(pair)] == [number + 1] * 2
    free_one(full)
    with refused("trg_waitlist_first"):
        book(full)
    assert value("SELECT public_sales FROM lines") == 3
    assert value("SELECT count(*) FROM line_events WHERE kind = 'reserved'") == 1


def test_entry_that_never_fits_reserves_nothing(full):
    run("UPDATE events SET max_per_place = 10")
    wait(full, 10)
    run("UPDATE bookings SET quantity = 5 WHERE event_id = %s", full)
    run("UPDATE events SET total_capacity = 6, max_passes = 0 WHERE id = %s", full)
    assert free_seats(full) == 1
    book(full)


@pytest.mark.parametrize(("left", "refuses"), [(25, True), (23, False)])
def test_nothing_is_reserved_in_the_last_24_hours(full, clock, left, refuses):
    run("UPDATE events SET max_passes = 0")
    wait(full, 4)
    free_one(full)
    starts = value("SELECT event_date FROM events WHERE id = %s", full)
    clock.stop(starts - timedelta(hours=left))
    if refuses:
        with refused("trg_waitlist_first"):
            book(full)
    else:
        book(full)


def test_seats_are_on_sale_again_in_the_last_minutes(full, clock):
    wait(full)
    free_one(full)
    starts = value("SELECT event_date FROM events WHERE id = %s", full)
    clock.stop(starts - timedelta(minutes=6))
    with refused("trg_waitlist_first"):
        book(full)
    clock.stop(starts - timedelta(minutes=4))
    book(full)


def test_organizers_offer_out_of_order_is_recorded_before_it(full):
    first, friend = wait(full), wait(full)
    free_one(full)
    offer(friend, organizer_reason="The speaker's family", position_before=2)
    assert passes(first) == 1
    kinds = run("SELECT kind, reason FROM line_events ORDER BY seq DESC LIMIT 2")
    assert kinds == [("offered", None), ("override", "The speaker's family")]


# ── trg_place_confirmed, trg_join_lapsed, trg_booking_place_limit ───────────
def test_only_the_application_confirms_places(full):
    with refused("trg_place_confirmed"):
        insert("waitlists", event_id=full, user_id=person(), quantity=1, confirmed_at=now())
    entry = wait(full, confirmed_at=None)
    for change in ("confirmed_at = now()", "lapses = 0", "public_sales_before = 9"):
        with refused("trg_place_confirmed"):
            run(f"UPDATE waitlists SET {change}")
    with as_application():
        run("UPDATE waitlists SET confirmed_at = now()")
    assert value("SELECT kind FROM line_events ORDER BY seq DESC LIMIT 1") == "confirmed"
    free_one(full)
    offer(entry)


def test_each_lapse_ranks_one_lower_and_the_third_is_the_last(full, clock):
    entry = wait(full)
    free_one(full)
    for lapses in (1, 2, 3):
        promotion = offer(entry)
        clock.move(timedelta(hours=2 * lapses))
        end_offer(promotion, "expired")
        if lapses < 3:
            run("UPDATE bookings SET quantity = 10")
            run("UPDATE waitlists SET status = 'waiting' WHERE id = %s", entry)
            assert run("SELECT lapses, priority_score FROM waitlists WHERE id = %s", entry) == [
                (lapses, -lapses)
            ]
            free_one(full)
    run("UPDATE bookings SET quantity = 10")
    with refused("trg_join_lapsed"):
        run("UPDATE waitlists SET status = 'waiting' WHERE id = %s", entry)


@pytest.mark.parametrize(
    ("status", "after", "at_night", "counts"),
    [
        ("expired", timedelta(hours=2), False, 1),
        ("expired", timedelta(hours=2), True, 0),
        ("declined", timedelta(minutes=29), False, 0),
        ("declined", timedelta(minutes=31), False, 1),
    ],
)
def test_what_counts_as_a_lapse(full, clock, status, after, at_night, counts):
    entry = wait(full)
    free_one(full)
    clock.stop()
    promotion = offer(
        entry,
        promoted_at=now(),
        expires_at=now() + timedelta(hours=1),
        is_at_night=at_night,
    )
    clock.move(after)
    end_offer(promotion, status)
    assert value("SELECT lapses FROM waitlists WHERE id = %s", entry) == counts


def test_a_booking_takes_no_more_than_a_place_while_an_entry_waits(full):
    run("UPDATE bookings SET quantity = 4")
    run("UPDATE events SET max_per_place = 7, max_passes = NULL")
    wait(full, 7)
    run("UPDATE events SET max_per_place = 2")
    with refused("trg_booking_place_limit"):
        book(full, 3)
    book(full, 2)


# ── Waiting on for the rest ─────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("change", "legal"),
    [("min_quantity = 2", False), ("min_quantity = 3", True)],
)
def test_declining_a_smaller_offer_keeps_the_place_for_more(full, change, legal):
    entry = wait(full, 4, min_quantity=2)
    run("UPDATE bookings SET quantity = 8")
    promotion = offer(entry, 2)
    run("UPDATE waitlist_promotions SET status = 'declined' WHERE id = %s", promotion)
    keep = f"UPDATE waitlists SET status = 'waiting', {change}"
    joined = value("SELECT joined_at FROM waitlists WHERE id = %s", entry)
    if legal:
        run(keep)
        assert value("SELECT joined_at FROM waitlists WHERE id = %s", entry) == joined
    else:
        with refused("trg_entry_final"):
            run(keep)
        run("UPDATE waitlists SET status = 'left'")


def test_more_than_was_offered_cannot_be_accepted(full):
    entry = wait(full, 2)
    run("UPDATE bookings SET quantity = 8")
    promotion = offer(entry, 2)
    for accepted in (0, 3):
        with refused("chk_promotion_accepted"):
            run("UPDATE waitlist_promotions SET accepted_quantity = %s", accepted)
    with refused("chk_promotion_accepted"):
        end_offer(promotion, "declined", accepted_quantity=1)
    end_offer(promotion, "declined")


# ── The record ──────────────────────────────────────────────────────────────
STATEMENTS = [
    "UPDATE line_events SET reason = 'other'",
    "DELETE FROM line_events",
    "INSERT INTO line_events (event_id, seq, kind, prev, hash)"
    " SELECT event_id, 99, 'left', '', '' FROM lines",
    "UPDATE lines SET seq = 0",
    "DELETE FROM lines",
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_record_is_written_by_the_database_alone(full, statement):
    wait(full)
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        run(statement)


def test_record_goes_with_its_event(full):
    run("DELETE FROM bookings")
    entry = wait(full_event()[0])
    event_id = value("SELECT event_id FROM waitlists WHERE id = %s", entry)
    run("DELETE FROM bookings")
    run("DELETE FROM events WHERE id = %s", event_id)
    assert run("SELECT event_id FROM line_events") == []


@pytest.mark.parametrize("table", ["waitlists", "users"])
def test_deleted_entry_ends_its_offer_in_the_record(full, table):
    who = person()
    entry = wait(full, user_id=who)
    free_one(full)
    offer(entry)
    run(f"DELETE FROM {table} WHERE id = %s", who if table == "users" else entry)
    kinds = [kind for (kind,) in run("SELECT kind FROM line_events ORDER BY seq DESC LIMIT 2")]
    assert kinds == ["closed", "declined"]


def test_who_joins_and_leaves_is_recorded(full):
    entry = wait(full)
    assert kinds_recorded() == ["opened", "joined"]
    run("UPDATE waitlists SET status = 'left' WHERE id = %s", entry)
    assert kinds_recorded() == ["opened", "joined", "left", "closed"]


def test_event_without_a_line_has_no_record(full):
    free_one(full)
    book(full)
    run("UPDATE events SET total_capacity = 12")
    assert run("SELECT event_id FROM lines") == []


def test_rules_and_capacity_are_recorded_while_an_entry_waits(full):
    wait(full)
    run(
        "UPDATE events SET max_passes = 0, waitlist_until_start = true, sales_end_at = now() + '1h'"
    )
    run("UPDATE events SET total_capacity = 11")
    assert kinds_recorded() == ["opened", "joined", "rules", "reserved", "capacity"]
    with refused("chk_event_passes"):
        run("UPDATE events SET max_passes = 2")
    for number in (0, 11):
        with refused("chk_event_per_place"):
            run("UPDATE events SET max_per_place = %s", number)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "statement",
    ["UPDATE line_events SET reason = 'x'", "DELETE FROM line_events", "DELETE FROM lines"],
)
def test_record_is_append_only_for_its_owner_too(statement):
    with transaction.atomic():
        wait(full_event()[0])
    with as_owner() as database, pytest.raises(psycopg.DatabaseError) as caught:
        database.execute(statement)
    assert_refused(caught.value, "trg_append_only")


WRONG = {
    "unq_line_event": "INSERT INTO lines (event_id, head) SELECT event_id, head FROM lines",
    "lines_pkey": "INSERT INTO lines (id, event_id, head)"
    " SELECT id, evently_uuid7(), head FROM lines",
    "fk_lines_event": "INSERT INTO lines (event_id, head) SELECT evently_uuid7(), head FROM lines",
    "chk_line_head": "UPDATE lines SET head = upper(head)",
    **{
        f"lines_{column}_check": f"UPDATE lines SET {column} = -1"
        for column in (
            *("free", "freed_seq", "open_entries", "open_offers"),
            *("public_sales", "seq", "waiting"),
        )
    },
    "unq_line_event_seq": "INSERT INTO line_events (event_id, seq, kind, prev, hash)"
    " SELECT event_id, seq, kind, prev, hash FROM line_events",
    "line_events_pkey": "INSERT INTO line_events (id, event_id, seq, kind, prev, hash)"
    " SELECT id, event_id, 99, kind, prev, hash FROM line_events LIMIT 1",
    "fk_line_events_event": "INSERT INTO line_events (event_id, seq, kind, prev, hash)"
    " VALUES (evently_uuid7(), 1, 'left', '', '')",
    "chk_line_event_kind": "INSERT INTO line_events (event_id, seq, kind, prev, hash)"
    " SELECT event_id, 99, 'lost', '', '' FROM lines",
    "line_events_seq_check": "INSERT INTO line_events (event_id, seq, kind, prev, hash)"
    " SELECT event_id, -1, 'left', '', '' FROM lines",
    **{
        f"line_events_{column}_check": "INSERT INTO line_events"
        f" (event_id, seq, kind, prev, hash, {column})"
        " SELECT event_id, 99, 'left', '', '', -1 FROM lines"
        for column in (
            *("capacity", "cause", "free", "least"),
            *("position", "seats", "skips"),
        )
    },
}


@pytest.mark.django_db(transaction=True)
def test_wrong_records_are_refused_to_the_owner_too():
    with transaction.atomic():
        wait(full_event()[0])
    for constraint, statement in WRONG.items():
        with as_owner() as database, pytest.raises(psycopg.DatabaseError) as caught:
            database.execute(statement)
            database.execute("SET CONSTRAINTS ALL IMMEDIATE")
        assert_refused(caught.value, constraint)
