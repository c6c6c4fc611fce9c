"""Positions are the full ranking of a waitlist, though only what has changed is numbered anew."""

import json
import random
import threading
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import transaction

from evently.environment import BASE_DIR
from evently.tests.database import as_owner, url_of
from evently.tests.rows import (
    WRONG_POSITIONS,
    as_application,
    book,
    check_everything,
    end_offer,
    full_event,
    line,
    offer,
    people,
    wait,
)
from evently.tests.sql import refused, rows_read, run, value

pytestmark = pytest.mark.django_db

# What evently_writes_derived looks for.
OF_RANKINGS = "public, pg_catalog, pg_temp"


@pytest.fixture(autouse=True)
def balanced():
    yield
    check_everything()


@pytest.fixture
def full():
    return full_event()[0]


def join_all(event_id, number, **columns):
    return [wait(event_id, user_id=user, **columns) for user in people(number)]


def change(entry, assignments, *parameters):
    run(f"UPDATE waitlists SET {assignments} WHERE id = %s", *parameters, entry)


def versions(entries):
    """Return where the row of each entry lies, which each write changes."""
    rows = run("SELECT id, ctid::text FROM waitlists WHERE id = ANY(%s)", entries)
    return dict(rows)


def most_passed(event_id):
    return value("SELECT most_passed FROM lines WHERE event_id = %s", event_id)


class TestOnlyWhatChangedIsNumbered:
    def test_leaving_writes_only_entries_behind(self, full):
        entries = join_all(full, 8)
        before = versions(entries)

        change(entries[4], "status = 'left'")

        after = versions(entries)
        assert [entry for entry in entries if after[entry] != before[entry]] == entries[4:]
        assert line(full) == entries[:4] + entries[5:]

    def test_moving_writes_only_between_old_and_new_place(self, full):
        entries = join_all(full, 8)
        moved = entries[5]
        before = versions(entries)
        (between,) = run(
            "SELECT joined_at + interval '1 microsecond' FROM waitlists WHERE id = %s", entries[1]
        )

        change(moved, "ranked_at = %s, priority_reason = 'up'", between[0])

        after = versions(entries)
        assert [entry for entry in entries if after[entry] != before[entry]] == entries[2:6]
        assert line(full) == [*entries[:2], moved, *entries[2:5], *entries[6:]]

    def test_what_leaves_the_order_as_it_is_writes_nothing_else(self, full):
        entries = join_all(full, 4, quantity=3)
        before = versions(entries)

        change(entries[1], "min_quantity = 2")

        after = versions(entries)
        assert [entry for entry in entries if after[entry] != before[entry]] == [entries[1]]

    def test_priorities_cross_one_another_in_one_statement(self, full):
        entries = join_all(full, 6)

        run(
            "UPDATE waitlists w SET priority_score = given.score, priority_reason = 'mixed'"
            " FROM unnest(%s::uuid[], %s::int[]) AS given (id, score) WHERE w.id = given.id",
            [entries[0], entries[3], entries[5]],
            [-1, 2, 1],
        )

        assert line(full) == [entries[i] for i in (3, 5, 1, 2, 4, 0)]

    def test_statement_on_two_events_numbers_both(self, full):
        other, _ = full_event()
        here, there = join_all(full, 4), join_all(other, 4)

        run(
            "UPDATE waitlists SET status = 'left' WHERE id = ANY(%s)",
            [here[1], there[0], there[2]],
        )

        assert line(full) == [here[0], *here[2:]]
        assert line(other) == [there[1], there[3]]

    def test_deleted_user_leaves_no_gap(self, full):
        entries = join_all(full, 4)

        run(
            "DELETE FROM users WHERE id = (SELECT user_id FROM waitlists WHERE id = %s)", entries[1]
        )

        assert line(full) == [entries[0], *entries[2:]]

    def test_several_join_in_one_statement_beside_others(self, full):
        first = join_all(full, 2)
        change(first[1], "priority_score = -1, priority_reason = 'last'")

        with as_application():
            run(
                "INSERT INTO waitlists (event_id, user_id) SELECT %s, unnest(%s::uuid[])",
                full,
                people(3),
            )

        order = line(full)
        assert (order[0], order[-1], len(order)) == (first[0], first[1], 5)

    def test_no_index_but_the_summaries_holds_what_is_derived(self):
        """Each new position or pass would otherwise enter all indexes anew."""
        assert (
            run(
                "SELECT c.relname FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid"
                " JOIN pg_am ON pg_am.oid = c.relam"
                " WHERE x.indrelid = 'waitlists'::regclass AND amname <> 'brin'"
                r" AND pg_get_indexdef(x.indexrelid) ~ '\m(position|passed_over)\M'"
            )
            == []
        )


class TestNoClientCanPassForARanking:
    """What skips the triggers of a ranking is its function's search_path."""

    @pytest.fixture(autouse=True)
    def pretending(self):
        run(f"SET LOCAL search_path = {OF_RANKINGS}")

    def test_position_stays_derived(self, full):
        entries = join_all(full, 3)

        change(entries[0], "position = 3")
        change(entries[1], "position = NULL, min_quantity = 1")

        assert line(full) == entries

    def test_rank_follows_and_change_is_logged(self, full):
        entries = join_all(full, 2)

        change(entries[0], "priority_score = -1, priority_reason = 'later'")

        assert line(full) == entries[::-1]
        assert logged(entries[0])[-1]["priority_score"] == -1

    def test_what_other_triggers_write_is_logged(self, full, clock):
        (entry,) = join_all(full, 1)
        run("UPDATE bookings SET quantity = 9 WHERE event_id = %s", full)
        promotion = offer(entry)
        clock.move(timedelta(hours=2))

        end_offer(promotion, "expired")

        assert value("SELECT lapses FROM waitlists WHERE id = %s", entry) == 1
        assert {"lapses": 1} in logged(entry)

    def test_only_two_functions_have_that_search_path(self):
        paths = run(
            "SELECT proname, setting FROM pg_proc, unnest(proconfig) setting"
            " WHERE pronamespace = 'public'::regnamespace AND setting = %s ORDER BY 1",
            f"search_path={OF_RANKINGS}",
        )
        assert [name for name, _ in paths] == ["evently_count_passed", "evently_rank_from"]

    def test_each_function_that_writes_to_waitlists_has_a_search_path(self):
        assert (
            run(
                "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
                r" AND prosrc ~* 'UPDATE\s+waitlists'"
                " AND NOT coalesce(array_to_string(proconfig, ' ') ~ 'search_path=', false)"
            )
            == []
        )


def logged(entry: UUID) -> list[dict[str, Any]]:
    """Return what the audit log has of an entry, in order."""
    rows = run("SELECT after FROM audit_log WHERE row_id = %s ORDER BY at, id", entry)
    return [json.loads(after) for (after,) in rows]


class TestPassesAreBounded:
    """`lines.most_passed` spares reading the waitlist, and never hides an entry that reserves."""

    def test_offers_raise_it_until_an_entry_reserves(self, full):
        run("UPDATE events SET max_passes = 3 WHERE id = %s", full)
        wait(full, 2)
        for number, single in enumerate(join_all(full, 3), start=1):
            free_one(full)
            offer(single)
            assert most_passed(full) == number

        free_one(full)
        with refused("trg_waitlist_first"):
            book(full)

    def test_it_falls_once_the_entry_has_left(self, full):
        pair = wait(full, 2)
        for single in join_all(full, 3):
            free_one(full)
            offer(single)
        assert value("SELECT reserved_ref FROM lines") == value(
            "SELECT ref FROM waitlists WHERE id = %s", pair
        )

        later = wait(full, 2)
        change(pair, "status = 'left'")

        assert most_passed(full) == 0
        free_one(full)
        book(full)
        assert line(full) == [later]

    def test_entry_reserves_once_the_event_has_room_for_it(self, full):
        run("UPDATE events SET max_per_place = 10 WHERE id = %s", full)
        wait(full, 8)
        run("UPDATE bookings SET quantity = 4 WHERE event_id = %s", full)
        run("UPDATE events SET total_capacity = 7 WHERE id = %s", full)
        for _ in range(3):
            book(full)
        assert most_passed(full) < 0

        run("UPDATE events SET total_capacity = 8 WHERE id = %s", full)

        with refused("trg_waitlist_first"):
            book(full)

    def test_who_joins_late_inherits_no_passes(self, full):
        early = wait(full, 2)
        for _ in range(3):
            free_one(full)
            book(full)
        change(early, "status = 'left'")
        wait(full, 2)

        for _ in range(3):
            free_one(full)
            book(full)

        free_one(full)
        with refused("trg_waitlist_first"):
            book(full)


@pytest.mark.django_db(transaction=True)
def test_documented_statements_number_what_was_loaded_without_triggers():
    loaded, other = full_event()[0], full_event()[0]
    later, *others = join_all(loaded, 4)
    change(later, "priority_score = -1, priority_reason = 'later'")
    right = {loaded: [*others, later], other: join_all(other, 2)}
    with as_owner() as owner:
        owner.execute("ALTER TABLE waitlists DISABLE TRIGGER USER")
        owner.execute(
            "UPDATE waitlists SET position = CASE WHEN position > 1 THEN 20 - 3 * position END"
        )
        owner.execute("ALTER TABLE waitlists ENABLE TRIGGER USER")
    assert len(run(WRONG_POSITIONS)) == 6

    with as_owner() as owner:
        owner.execute(statements_of("Rows loaded without triggers"))

    assert {event_id: line(event_id) for event_id in right} == right


def statements_of(heading: str) -> str:
    """Return the SQL statements that docs/operating.md has under a heading."""
    section = (BASE_DIR / "docs/operating.md").read_text().split(f"## {heading}\n")[1]
    return section.split("```sql\n")[1].split("```")[0]


@pytest.mark.django_db(transaction=True)
def test_steps_at_the_end_read_no_more_rows_of_a_longer_waitlist():
    """Counted in rows that PostgreSQL reads, as times would depend on the machine."""
    counts = []
    for length in (200, 1200):
        event_id, _ = full_event()
        entries = join_at_once(event_id, length)
        free_one(event_id)
        with as_owner() as owner:
            owner.execute("ANALYZE waitlists")
        counts.append(
            [
                rows_read_by(lambda: wait(event_id, 2)),  # noqa: B023
                rows_read_by(lambda: change(entries[-1], "status = 'left'")),  # noqa: B023
                rows_read_by(lambda: book(event_id, 1)),  # noqa: B023
            ]
        )
    for few, many in zip(*counts, strict=True):
        assert many < few + 100, counts


def rows_read_by(step):
    """Return how many rows of waitlists a step reads, in a transaction of its own."""
    # Counts of earlier transactions may not be flushed yet.
    with transaction.atomic():
        before = rows_read("waitlists")
        step()
        return rows_read("waitlists") - before


def join_at_once(event_id, number):
    """Insert entries for two seats in one statement; return them in order."""
    with as_application():
        run(
            "INSERT INTO waitlists (event_id, user_id, quantity, min_quantity, confirmed_at)"
            " SELECT %s, unnest(%s::uuid[]), 2, 2, evently_clock()",
            event_id,
            people(number),
        )
    return line(event_id)


def free_one(event_id):
    run(
        "UPDATE bookings SET quantity = quantity - 1 WHERE event_id = %s AND quantity > 1", event_id
    )


# ── Writers at the same time ────────────────────────────────────────────────
WRITERS, STEPS, LENGTH = 5, 400, 40
PICK = "(SELECT id FROM waitlists WHERE event_id = %(event)s AND status = {} ORDER BY random() {})"
WAITING = PICK.format("'waiting'", "LIMIT 1")
SEVERAL = PICK.format("'waiting'", "LIMIT 4")
GONE = PICK.format("'left'", "LIMIT 2")
# What writers do, each as often as it stands here.
CHANGES = [
    *[f"UPDATE waitlists SET status = 'left' WHERE id = {WAITING}"] * 3,
    f"UPDATE waitlists SET status = 'left' WHERE id IN {SEVERAL}",
    *[f"UPDATE waitlists SET status = 'waiting' WHERE id IN {GONE}"] * 4,
    *[
        "UPDATE waitlists SET priority_score = (random() * 4)::int - 2, priority_reason = 'r'"
        f" WHERE id IN {SEVERAL}"
    ]
    * 2,
    "UPDATE waitlists SET priority_reason = 'r', ranked_at = (SELECT joined_at"
    f" + interval '1 microsecond' FROM waitlists WHERE id = {WAITING}) WHERE id = {WAITING}",
    f"UPDATE waitlists SET ranked_at = NULL WHERE id IN {SEVERAL}",
    f"UPDATE waitlists SET min_quantity = 1, position = 1 WHERE id IN {SEVERAL}",
    f"DELETE FROM waitlists WHERE id = {GONE.replace('LIMIT 2', 'LIMIT 1')}",
    *["INSERT INTO waitlists (event_id, user_id) VALUES (%(event)s, %(user)s)"] * 2,
    "INSERT INTO waitlists (event_id, user_id) SELECT %(event)s, id FROM users"
    " WHERE NOT EXISTS (SELECT FROM waitlists w WHERE w.event_id = %(event)s"
    " AND w.user_id = users.id) ORDER BY random() LIMIT 3",
]
REPEATABLE = (
    psycopg.errors.DeadlockDetected,
    psycopg.errors.UniqueViolation,
    # Rejoining while it was deleted, or an entry that has changed meanwhile.
    psycopg.errors.CheckViolation,
)


def write_at_random(events, users, seed, errors):
    """Change waitlists by plain SQL, mostly under the event's lock as the operations do."""
    rng = random.Random(seed)
    try:
        with psycopg.connect(url_of("owner"), autocommit=True) as owner:
            owner.execute("SELECT setseed(%s)", [seed / 100])
            for _ in range(STEPS):
                given = {"event": rng.choice(events), "user": rng.choice(users)}
                try:
                    with owner.transaction():
                        if rng.random() < 0.8:
                            owner.execute(
                                "SELECT FROM events WHERE id = %(event)s FOR NO KEY UPDATE", given
                            )
                        for _ in range(rng.choice((1, 1, 1, 2))):
                            owner.execute(rng.choice(CHANGES), given)
                except REPEATABLE:
                    continue
    except psycopg.Error as error:
        errors.append(error)


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_positions_are_the_ranking_while_many_write():
    events = [full_event()[0] for _ in range(2)]
    users = people(2 * LENGTH)
    for event_id in events:
        for user in users[:LENGTH]:
            wait(event_id, user_id=user)
    errors: list[psycopg.Error] = []
    writers = [
        threading.Thread(target=write_at_random, args=(events, users, seed, errors))
        for seed in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    looks = 0
    while any(writer.is_alive() for writer in writers):
        assert run(WRONG_POSITIONS) == []
        looks += 1
        # Still several looks for each of their commits, and the cores left to them.
        time.sleep(0.002)
    for writer in writers:
        writer.join()
    assert errors == []
    assert looks > 0
    assert value("SELECT count(*) FROM waitlists WHERE status = 'waiting'") > 0
