"""Draws: what the database computes, and what it refuses to plain SQL."""

from datetime import timedelta

import psycopg
import pytest
from django.db import transaction

from evently.tests.database import as_owner
from evently.tests.rows import as_application, book, check_everything, event, offer, wait
from evently.tests.sql import assert_refused, refused, run, value
from waitlists import drawing
from waitlists.draw_models import QUICKNET_GENESIS, QUICKNET_PERIOD
from waitlists.tests.drawing_rows import (
    NUMBERS,
    SECRET,
    announce,
    freeze,
    reveal,
    step,
    times_of,
)
from waitlists.tests.recorded import check_record

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def event_id():
    return event()


@pytest.fixture(autouse=True)
def balanced():
    yield
    check_everything()
    for (id_,) in run("SELECT event_id FROM lines"):
        check_record(id_)


def ref(entry):
    return value("SELECT ref FROM waitlists WHERE id = %s", entry)


def refs(draw):
    return value("SELECT refs FROM draws WHERE id = %s", draw)


def test_draw_orders_the_waitlist_by_lot(event_id, clock):
    draw = announce(event_id)
    entries = [wait(event_id) for _ in range(12)]
    freeze(draw, clock)
    reveal(draw, clock)

    ((list_hash, seed, lots),) = run("SELECT list_hash, seed, lots FROM draws")
    expected = sorted(map(ref, entries))
    assert (refs(draw), lots) == (expected, 12)
    assert list_hash == drawing.list_hash(expected)
    assert seed == drawing.seed_of(SECRET, list_hash, NUMBERS)
    places = dict(run("SELECT ref, draw_place FROM waitlists"))
    assert places == drawing.places(seed, expected)
    assert places == dict(run("SELECT ref, position FROM waitlists"))
    assert value("SELECT priority_reason FROM waitlists WHERE draw_place = 5") == (
        "Place 5 of 12 in the draw."
    )
    kinds = check_record(event_id)
    assert kinds == ["draw", "opened", *["joined"] * 12, "frozen", "drawn"]


def test_nothing_is_sold_or_offered_before_the_draw(event_id, clock):
    draw = announce(event_id)
    assert value("SELECT draw_closes_at FROM events") == times_of(draw)[0]
    with refused("trg_draw_pending"):
        book(event_id)
    entry = wait(event_id)  # while ten seats are free
    with refused("trg_draw_pending"):
        offer(entry)
    freeze(draw, clock)
    with refused("trg_draw_pending"):
        book(event_id)
    with refused("trg_draw_pending"):
        offer(entry)
    reveal(draw, clock)
    assert value("SELECT draw_closes_at FROM events") is None
    offer(entry)
    book(event_id)


def test_only_the_draw_says_that_it_is_pending(event_id):
    run("UPDATE events SET draw_closes_at = now()")
    assert value("SELECT draw_closes_at FROM events") is None
    announce(event_id)
    run("UPDATE events SET draw_closes_at = NULL, name = 'Other'")
    assert value("SELECT draw_closes_at FROM events") is not None
    assert run("SELECT id FROM events WHERE version > 2") == []


# ── The list ────────────────────────────────────────────────────────────────
def test_who_joins_or_confirms_after_closing_is_not_on_the_list(event_id, clock):
    draw = announce(event_id)
    closes_at = times_of(draw)[0]
    early, unconfirmed = wait(event_id), wait(event_id, confirmed_at=None)
    clock.stop(closes_at)
    late = wait(event_id)
    with as_application():
        run("UPDATE waitlists SET confirmed_at = evently_clock() WHERE id = %s", unconfirmed)
    freeze(draw, clock)
    assert refs(draw) == [ref(early)]
    reveal(draw, clock)
    order = [id_ for (id_,) in run("SELECT id FROM waitlists ORDER BY position")]
    assert order == [early, unconfirmed, late]


def test_entry_confirmed_in_time_takes_part(event_id, clock):
    draw = announce(event_id)
    entry = wait(event_id, confirmed_at=None)
    with as_application():
        run("UPDATE waitlists SET confirmed_at = evently_clock()")
    freeze(draw, clock)
    assert refs(draw) == [ref(entry)]


def test_entries_older_than_the_draw_take_part_and_moves_end(event_id, clock):
    book(event_id, 10)
    entries = [wait(event_id) for _ in range(3)]
    run(
        "UPDATE waitlists SET ranked_at = '2020-01-01', priority_reason = 'Moved.' WHERE id = %s",
        entries[2],
    )
    draw = announce(event_id)
    freeze(draw, clock)
    reveal(draw, clock)
    assert run("SELECT count(*) FROM waitlists WHERE position = draw_place") == [(3,)]


def test_nothing_can_be_added_to_a_frozen_list(event_id, clock):
    draw = announce(event_id)
    wait(event_id)
    freeze(draw, clock)
    late = wait(event_id)
    for change in (
        {"refs": [ref(late)]},
        {"lots": 2},
        {"list_hash": "00" * 32},
        {"commitment": "00" * 32},
        {"seed": "00" * 32},
    ):
        with refused("trg_draw_final"):
            step(draw, **change)
        with refused("trg_draw_final"):
            step(draw, status="frozen", **change)
    reveal(draw, clock)
    assert value("SELECT lots FROM draws") == 1


def test_who_leaves_after_freezing_keeps_the_places_of_others(event_id, clock):
    draw = announce(event_id)
    entries = [wait(event_id) for _ in range(5)]
    freeze(draw, clock)
    run("UPDATE waitlists SET status = 'left' WHERE id = %s", entries[0])
    reveal(draw, clock)
    seed = value("SELECT seed FROM draws")
    places = drawing.places(seed, refs(draw))
    left = places.pop(ref(entries[0]))
    drawn = dict(run("SELECT ref, draw_place FROM waitlists WHERE status = 'waiting'"))
    assert drawn == places
    assert left not in drawn.values()


def test_draw_without_lots(event_id, clock):
    draw = announce(event_id)
    freeze(draw, clock)
    reveal(draw, clock)
    assert run("SELECT lots, list_hash FROM draws") == [(0, drawing.list_hash([]))]
    book(event_id)


def test_joining_again_loses_the_place(event_id, clock):
    draw = announce(event_id)
    entry = wait(event_id)
    wait(event_id)
    freeze(draw, clock)
    reveal(draw, clock)
    run("UPDATE waitlists SET status = 'left' WHERE id = %s", entry)
    run("UPDATE events SET total_capacity = 1")
    other = value("SELECT id FROM waitlists WHERE id <> %s", entry)
    offer(other)
    with as_application():
        run(
            "UPDATE waitlists SET status = 'waiting', priority_reason = '', priority_score = 0"
            " WHERE id = %s",
            entry,
        )
    assert run("SELECT draw_place, ranked_at FROM waitlists WHERE id = %s", entry) == [(None, None)]


def test_only_a_draw_gives_places(event_id):
    announce(event_id)
    entry = wait(event_id, draw_place=1)
    assert value("SELECT draw_place FROM waitlists WHERE id = %s", entry) is None
    with as_application(), refused("trg_draw_place"):
        run("UPDATE waitlists SET draw_place = 1")


# ── Times and steps ─────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("constraint", "columns"),
    [
        ("trg_draw_times", {"closes_at": "now() - interval '1 minute'"}),
        ("trg_draw_times", {"closes_at": "now() + interval '29 days 23 hours'"}),
        ("chk_draw_times", {"beacon_at": "now() + interval '64 minutes'"}),
        ("chk_draw_commitment", {"commitment": "'secret'"}),
        ("chk_draw_named", {"beacon_name": "''"}),
        ("chk_draw_beacon", {"beacon": "'drand'"}),
        ("chk_draw_beacon", {"beacon": "'drand'", "beacon_round": "1"}),
        ("chk_draw_beacon", {"beacon_round": "1"}),
        ("chk_draw_beacon", {"beacon_name": "'My Drand'"}),
        ("chk_draw_beacon", {"beacon": "'dice'"}),
        ("fk_draws_event", {"event_id": "evently_uuid7()"}),
    ],
)
def test_announcement_is_refused(event_id, constraint, columns):
    given = {name: value(f"SELECT {text}") for name, text in columns.items()}
    if "closes_at" in given:
        given["beacon_at"] = given["closes_at"] + 10 * MINUTE
    with refused(constraint):
        announce(given.pop("event_id", event_id), **given)


@pytest.mark.parametrize(
    "change",
    [
        "sales_start_at = evently_clock() + interval '1 hour'",
        "sales_end_at = evently_clock() + interval '59 minutes', waitlist_until_start = true",
    ],
)
def test_draw_that_cannot_be_joined_until_it_closes_is_refused(event_id, clock, change):
    clock.stop()
    run(f"UPDATE events SET {change}")
    with refused("trg_draw_times"):
        announce(event_id)


def test_draw_of_a_cancelled_event_is_refused(event_id):
    run("UPDATE events SET status = 'cancelled'")
    with refused("trg_draw_times"):
        announce(event_id)


def test_round_of_drand_has_its_time(event_id):
    closes_at = value("SELECT date_trunc('minute', now() + interval '1 hour')")
    beacon_at = closes_at + 10 * MINUTE
    number = (int(beacon_at.timestamp()) - QUICKNET_GENESIS) // QUICKNET_PERIOD + 1
    columns = {
        "beacon": "drand",
        "beacon_name": f"drand quicknet, round {number}",
        "closes_at": closes_at,
        "beacon_round": number,
    }
    announce(event_id, beacon_at=beacon_at, **columns)
    with refused("chk_draw_beacon"):
        announce(event(), beacon_at=beacon_at + timedelta(seconds=3), **columns)


def test_what_a_draw_begins_with_is_computed(event_id):
    announce(event_id, status="drawn", number=7, refs=["x"], secret=SECRET, lots=9)
    columns = "status, number, refs, secret, lots"
    assert run(f"SELECT {columns} FROM draws") == [("open", 1, None, None, None)]


def test_event_has_one_draw_that_is_not_void(event_id, clock):
    draw = announce(event_id)
    with refused("unq_draw_event"):
        announce(event_id)
    step(draw, status="void", void_reason="called off by the organizer")
    second = announce(event_id)
    assert value("SELECT number FROM draws WHERE id = %s", second) == 2
    freeze(second, clock)
    reveal(second, clock)
    with refused("unq_draw_event"):
        announce(event_id)


def test_steps_have_their_times(event_id, clock):
    draw = announce(event_id)
    closes_at, beacon_at = times_of(draw)
    with refused("trg_draw_early"):
        step(draw, status="frozen")
    with refused("trg_draw_final"):
        step(draw, status="drawn", secret=SECRET, beacon_value=NUMBERS)
    clock.stop(beacon_at)
    with refused("trg_draw_late"):
        step(draw, status="frozen")
    clock.stop(closes_at)
    with refused("trg_draw_void"):
        step(draw, status="void", void_reason="I do not like the list")
    step(draw, status="frozen")
    with refused("trg_draw_early"):
        step(draw, status="drawn", secret=SECRET, beacon_value=NUMBERS)
    clock.stop(beacon_at + 60 * MINUTE)
    with refused("trg_draw_void"):
        step(draw, status="void", void_reason="I do not like the result")
    clock.stop(beacon_at + 61 * MINUTE)
    with refused("trg_draw_late"):
        step(draw, status="drawn", secret=SECRET, beacon_value=NUMBERS)
    step(draw, status="void", void_reason="not revealed within an hour")
    for status in ("open", "frozen", "drawn"):
        with refused("trg_draw_final"):
            step(draw, status=status)


def test_draw_is_revealed_with_the_secret_that_was_committed_to(event_id, clock):
    draw = announce(event_id)
    freeze(draw, clock)
    for secret in (None, "00" * 32):
        with refused("trg_draw_secret"):
            reveal(draw, clock, secret=secret)
    for numbers in ("", "1 2", "3,4,5", "1 2 03", None):
        with refused("chk_draw_value"):
            reveal(draw, clock, beacon_value=numbers)
    reveal(draw, clock)
    with refused("trg_draw_final"):
        step(draw, beacon_value="1 2 3")


def test_hour_begins_anew_where_drand_could_not_be_reached(event_id, clock):
    closes_at = value("SELECT date_trunc('minute', now() + interval '1 hour')")
    beacon_at = closes_at + 10 * MINUTE
    number = (int(beacon_at.timestamp()) - QUICKNET_GENESIS) // QUICKNET_PERIOD + 1
    draw = announce(
        event_id,
        beacon="drand",
        beacon_name=f"drand quicknet, round {number}",
        closes_at=closes_at,
        beacon_at=beacon_at,
        beacon_round=number,
    )
    freeze(draw, clock)
    with refused("trg_draw_final"):
        step(draw, unreachable_at=beacon_at)
    clock.stop(beacon_at + 59 * MINUTE)
    step(draw, unreachable_at=beacon_at)
    assert value("SELECT reveal_by FROM draws") == beacon_at + 119 * MINUTE
    clock.stop(beacon_at + 120 * MINUTE)
    with refused("trg_draw_late"):
        step(draw, unreachable_at=beacon_at)
    clock.stop(beacon_at + 118 * MINUTE)
    with refused("chk_draw_value"):
        step(draw, status="drawn", secret=SECRET, beacon_value=NUMBERS)
    step(draw, status="drawn", secret=SECRET, beacon_value="ab" * 32)


def test_draw_of_typed_numbers_does_not_wait(event_id, clock):
    draw = announce(event_id)
    freeze(draw, clock)
    clock.stop(times_of(draw)[1] + MINUTE)
    with refused("trg_draw_final"):
        step(draw, unreachable_at=times_of(draw)[1])


@pytest.mark.parametrize(
    "change",
    ["status = 'cancelled'", "sales_end_at = evently_clock()"],
)
def test_draw_of_a_closed_waitlist_can_be_ended(event_id, clock, change):
    draw = announce(event_id)
    freeze(draw, clock)
    run(f"UPDATE events SET {change}")
    step(draw, status="void", void_reason="the waitlist closed before")
    assert value("SELECT draw_closes_at FROM events") is None


def test_void_draw_says_why(event_id):
    draw = announce(event_id)
    with refused("chk_draw_void"):
        step(draw, status="void")


def test_draws_go_with_their_event_only(event_id):
    announce(event_id)
    with refused("trg_append_only"):
        run("DELETE FROM draws")
    run("DELETE FROM events")
    assert run("SELECT id FROM draws") == []


@pytest.mark.django_db(transaction=True)
def test_owner_cannot_copy_a_draw():
    """Its id and its number are unique for the owner too, who alone can leave out the triggers."""
    with transaction.atomic():
        announce(event())
    columns = "closes_at, beacon, beacon_name, beacon_at, commitment, sealed_secret, sealed_with"
    for constraint, names, values in (
        ("draws_pkey", "id, event_id, number, status, void_reason", "id, event_id, 2, 'void', 'x'"),
        ("unq_draw_number", "event_id, number, status, void_reason", "event_id, 1, 'void', 'x'"),
        ("chk_draw_status", "event_id, number, status", "event_id, 2, 'lost'"),
    ):
        with as_owner() as database, pytest.raises(psycopg.DatabaseError) as caught:
            database.execute("ALTER TABLE draws DISABLE TRIGGER trg_draws_insert")
            database.execute(
                f"INSERT INTO draws ({names}, {columns}) SELECT {values}, {columns} FROM draws"
            )
        assert_refused(caught.value, constraint)
