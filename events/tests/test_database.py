"""The events tables in plain SQL: every constraint and trigger accepts, then refuses."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from evently.audit.context import acting, stamp
from evently.tests.database import as_owner
from evently.tests.rows import (
    book,
    event,
    free_seats,
    full_event,
    insert,
    person,
    price_rule,
    wait,
)
from evently.tests.sql import refused, run, value

pytestmark = pytest.mark.django_db

REFUSED = [
    ("chk_event_date", "event_date = created_at"),
    ("chk_pricing", "current_price = -1"),
    ("chk_pricing", "base_price = -1"),
    ("trg_event_money", "current_price = 'NaN'"),
    ("chk_event_status", "status = 'open'"),
    ("chk_event_payment_mode", "payment_mode = 'barter'"),
    ("chk_event_free", "payment_mode = 'free', base_price = 1, current_price = 1"),
    ("chk_event_ends", "ends_at = event_date - interval '1 second'"),
    ("chk_event_sales_window", "sales_start_at = event_date, sales_end_at = event_date"),
    ("chk_event_per_booking", "max_per_booking = 0"),
    ("chk_event_per_booking", "max_per_booking = -1"),
    ("chk_event_per_booking", "max_per_booking = 11"),
    ("chk_event_per_person", "max_per_person = 0"),
    ("chk_event_per_person", "max_per_person = -1"),
    ("chk_event_window", "promotion_window_minutes = 0"),
    ("chk_event_window", "promotion_window_minutes = -1"),
    ("chk_event_window", "promotion_window_minutes = 10081"),
    ("chk_event_contact_email", "contact_email = 'box@office@example.org'"),
    ("chk_event_contact_email", "contact_email = 'box office@example.org'"),
    ("chk_event_contact_url", "contact_url = 'javascript:alert(1)'"),
    ("chk_event_contact_url", "contact_url = 'https://example.org/a b'"),
    ("events_payment_days_check", "payment_days = -1"),
    ("trg_capacity_in_use", "total_capacity = 1"),
]
ACCEPTED = [
    "contact_email = 'box@example.org', contact_url = 'https://example.org/contact'",
    "total_capacity = 2",
    "total_capacity = 1000000",
    "event_date = created_at + interval '1 second'",
    "base_price = 99999999.99",
    "status = 'completed'",
    "payment_mode = 'free'",
    "payment_mode = 'transfer', base_price = 5",
    "ends_at = event_date",
    "sales_start_at = event_date - interval '1 day', sales_end_at = event_date",
    "max_per_booking = 1, max_per_person = 1, promotion_window_minutes = 10080",
    "payment_days = 0",
    "name = 'Ünïcode 🎉'",
]


def event_row(event_id):
    return json.loads(value("SELECT to_jsonb(e) FROM events e WHERE id = %s", event_id))


@pytest.fixture
def booked():
    """An event with two of its ten seats booked."""
    event_id = event()
    book(event_id, 2)
    return event_id


@pytest.mark.parametrize(("constraint", "change"), REFUSED)
def test_event_refuses(booked, constraint, change):
    before = event_row(booked)
    with refused(constraint):
        run(f"UPDATE events SET {change} WHERE id = %s", booked)
    assert event_row(booked) == before


@pytest.mark.parametrize("change", ACCEPTED)
def test_event_accepts(booked, change):
    version = event_row(booked)["version"]
    run(f"UPDATE events SET {change} WHERE id = %s", booked)
    assert event_row(booked)["version"] == version + 1
    assert free_seats(booked) == event_row(booked)["total_capacity"] - 2


def test_currency_is_settled_once_published(booked):
    """trg_events_currency; for drafts, only trg_event_money."""
    for change in ("currency = 'KWD'", "currency = 'KWD', published_at = NULL"):
        with refused("trg_currency_settled"):
            run(f"UPDATE events SET {change} WHERE id = %s", booked)
    run("UPDATE events SET published_at = NULL WHERE id = %s", booked)
    with refused("trg_currency_settled"):
        run("UPDATE events SET currency = 'KWD' WHERE id = %s", booked)
    draft = event(published_at=None)
    run("UPDATE events SET currency = 'USD' WHERE id = %s", draft)
    with refused("trg_event_money"):
        run("UPDATE events SET currency = 'eur' WHERE id = %s", draft)


@pytest.mark.parametrize(
    ("constraint", "capacity"), [("chk_event_total", 0), ("chk_event_capacity", -1)]
)
def test_insert_without_seats_is_refused(constraint, capacity):
    with refused(constraint):
        event(total_capacity=capacity)


def test_source_is_imported_once_by_one_organizer():
    organizer = person()
    event(created_by_id=organizer, source_key="calendar:1")
    event(created_by_id=organizer)
    event(created_by_id=organizer)
    event(source_key="calendar:1")
    with refused("unq_event_source"):
        event(created_by_id=organizer, source_key="calendar:1")


def test_ids_are_unique(booked):
    with refused("events_pkey"):
        event(id=booked)


def test_creator_exists_and_stays():
    with refused("fk_events_created_by"):
        event(created_by_id="00000000-0000-7000-8000-000000000000")
    organizer = person()
    event(created_by_id=organizer)
    with refused("fk_events_created_by"):
        run("DELETE FROM users WHERE id = %s", organizer)


# ── trg_events_insert and trg_events_update: seats and versions ─────────────
def test_writes_to_seats_and_version_are_ignored():
    event_id = event(available_seats=3, version=7)
    assert (free_seats(event_id), event_row(event_id)["version"]) == (10, 1)
    book(event_id, 4)
    for change in (
        "available_seats = 9",
        "available_seats = available_seats + 1",
        "version = 40",
        "available_seats = -1",
        "id = evently_uuid7()",
    ):
        before = event_row(event_id)
        run(f"UPDATE events SET {change} WHERE id = %s", event_id)
        assert event_row(event_id) == before
    run(
        "INSERT INTO events (id, name, venue, total_capacity, created_by_id, event_date)"
        " SELECT id, name, venue, total_capacity, created_by_id, event_date FROM events"
        " ON CONFLICT (id) DO UPDATE SET available_seats = 99, version = 99"
    )
    assert event_row(event_id) == before


def test_moved_seats_leave_no_trace_of_an_edit():
    event_id = event()
    before = run("SELECT version, updated_at FROM events WHERE id = %s", event_id)
    book(event_id, 3)
    assert free_seats(event_id) == 7
    assert run("SELECT version, updated_at FROM events WHERE id = %s", event_id) == before
    logged = "SELECT count(*) FROM audit_log WHERE row_id = %s AND action = 'update'"
    assert value(logged, event_id) == 0


def test_seats_follow_the_capacity(booked):
    run("UPDATE events SET total_capacity = 25, available_seats = 0 WHERE id = %s", booked)
    assert free_seats(booked) == 23
    run("UPDATE events SET total_capacity = 2 WHERE id = %s", booked)
    assert free_seats(booked) == 0
    with refused("trg_capacity_in_use"):
        run("UPDATE events SET total_capacity = total_capacity - 1")


def test_many_events_change_in_one_statement(booked):
    others = [event() for _ in range(3)]
    run("UPDATE events SET total_capacity = total_capacity * 2")
    assert [free_seats(event_id) for event_id in [booked, *others]] == [18, 20, 20, 20]


def test_version_counts_edits_but_not_seats_or_rules(booked, clock):
    assert event_row(booked)["version"] == 1
    book(booked, 1)
    run("UPDATE events SET name = name")
    assert event_row(booked)["version"] == 1
    run("UPDATE events SET current_price = 5")
    assert event_row(booked)["version"] == 2
    price_rule(booked, floor=5, ceiling=7)
    run("SET LOCAL evently.price_rule = 'price rule v1'")
    clock.move(timedelta(hours=1))
    run("UPDATE events SET current_price = 6")
    assert event_row(booked)["version"] == 2
    clock.move(timedelta(hours=2))
    run("UPDATE events SET current_price = 7, name = 'Another'")
    assert event_row(booked)["version"] == 3


def test_price_defaults_to_the_base_price():
    assert event_row(event(base_price=12, current_price=None))["current_price"] == 12
    assert event_row(event(base_price=12, current_price=7))["current_price"] == 7


# ── trg_events_price and trg_pricing_history_guard ──────────────────────────
def history(event_id):
    return run(
        "SELECT old_price, new_price, reason, applied_by FROM pricing_history"
        " WHERE event_id = %s ORDER BY applied_at, id",
        event_id,
    )


def test_every_change_of_price_leaves_a_row(booked, clock):
    other = event()
    role = value("SELECT session_user")
    run("UPDATE events SET name = 'No price here'")
    run("UPDATE events SET current_price = 5")
    run("UPDATE events SET current_price = 5")
    run("SET LOCAL evently.actor = 'mira'")
    run("UPDATE events SET base_price = 8, current_price = 8 WHERE id = %s", booked)
    price_rule(booked, floor=5, ceiling=10)
    clock.move(timedelta(hours=1))
    rule = "price rule v1"
    run(f"SET LOCAL evently.price_rule = '{rule}'; SET LOCAL evently.price_reason = '82% sold'")
    run("UPDATE events SET current_price = 9 WHERE id = %s", booked)
    zero, five = Decimal("0.00"), Decimal("5.00")
    assert history(other) == [(zero, five, "set by hand", role)]
    assert history(booked) == [
        (zero, five, "set by hand", role),
        (five, Decimal("8.00"), "base price changed", "mira"),
        (Decimal("8.00"), Decimal("9.00"), "82% sold", rule),
    ]


def test_price_history_tells_forged_names_from_signed_ones(booked, clock):
    rule = "price rule v1"
    run("UPDATE events SET current_price = 8 WHERE id = %s", booked)
    price_rule(booked, floor=5, ceiling=10)
    clock.move(timedelta(hours=1))
    run(f"SET LOCAL evently.price_rule = '{rule}'")
    run("UPDATE events SET current_price = 9 WHERE id = %s", booked)
    with acting(actor="mira", price_rule=rule, price_reason="it's 82% sold"):
        stamp(connection)
    clock.move(timedelta(hours=2))
    run("UPDATE events SET current_price = 10 WHERE id = %s", booked)

    facts = "SELECT applied_by, reason, signed, db_role FROM pricing_history ORDER BY applied_at"
    role = value("SELECT session_user")
    assert run(facts)[1:] == [
        (rule, "set by hand", False, role),
        (rule, "it's 82% sold", True, role),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO pricing_history (event_id, old_price, new_price, applied_by)"
        " SELECT id, 1, 2, 'me' FROM events",
        "UPDATE pricing_history SET reason = 'nothing'",
        "UPDATE pricing_history SET new_price = 1",
        "DELETE FROM pricing_history",
    ],
)
def test_price_history_cannot_be_written_directly(booked, statement):
    run("UPDATE events SET current_price = 5")
    for trick in ("SELECT 1", "SET LOCAL evently.price_rule = 'x'; SET LOCAL evently.via = 'task'"):
        run(trick)
        with refused("trg_append_only"):
            run(statement)
    assert len(history(booked)) == 1


def test_price_history_is_deleted_with_its_event():
    event_id = event()
    run("UPDATE events SET current_price = 5")
    run("DELETE FROM events WHERE id = %s", event_id)
    assert history(event_id) == []


@pytest.mark.parametrize("values", ["1, 1", "-1, 1", "1, -1"])
def test_price_history_holds_changes_only(values):
    """chk_price_change. The guard refuses every write first, so the condition itself is tested."""
    event_id = event()
    with as_owner() as owner:
        ((definition,),) = owner.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'chk_price_change'"
        ).fetchall()
    old, new = values.split(",")
    assert (
        value(
            f"SELECT {definition.removeprefix('CHECK ')} FROM (SELECT {old}::numeric AS old_price,"
            f" {new}::numeric AS new_price) v"
        )
        is False
    )
    assert history(event_id) == []


def test_each_resolution_is_rolled_up_once():
    add = "INSERT INTO roll_ups (resolution, done_until) VALUES (%s, now())"
    run(add, "day")
    with refused("roll_ups_pkey"):
        run(add, "day")
    with refused("chk_roll_up_resolution"):
        run(add, "week")


# ── event_staff and event_analytics ─────────────────────────────────────────
def test_staff_has_one_role_per_event(booked):
    helper = person()
    row = insert("event_staff", event_id=booked, user_id=helper, role="door")
    insert("event_staff", event_id=event(), user_id=helper, role="manager")
    with refused("unq_event_staff"):
        insert("event_staff", event_id=booked, user_id=helper, role="manager")
    with refused("chk_staff_role"):
        insert("event_staff", event_id=booked, user_id=person(), role="boss")
    with refused("event_staff_pkey"):
        insert("event_staff", id=row, event_id=booked, user_id=person(), role="door")
    with refused("fk_event_staff_event"):
        insert("event_staff", event_id=row, user_id=person(), role="door")
    with refused("fk_event_staff_user"):
        insert("event_staff", event_id=booked, user_id=row, role="door")


def test_staff_is_deleted_with_person_and_event():
    event_id, helper = event(), person()
    insert("event_staff", event_id=event_id, user_id=helper, role="door")
    run("DELETE FROM users WHERE id = %s", helper)
    assert value("SELECT count(*) FROM event_staff") == 0
    insert("event_staff", event_id=event_id, user_id=person(), role="door")
    run("DELETE FROM events WHERE id = %s", event_id)
    assert value("SELECT count(*) FROM event_staff") == 0


def test_metrics_have_a_type_and_are_deleted_with_their_event():
    event_id = event()
    row = insert("event_analytics", event_id=event_id, metric_type="views", metric_value=1)
    with refused("chk_metric_type"):
        insert("event_analytics", event_id=event_id, metric_type="", metric_value=1)
    with refused("event_analytics_pkey"):
        insert("event_analytics", id=row, event_id=event_id, metric_type="v", metric_value=1)
    with refused("chk_metric_resolution"):
        run("UPDATE event_analytics SET resolution = 'week'")
    with refused("chk_metric_realtime"):
        run("UPDATE event_analytics SET resolution = 'minute'")
    with refused("chk_metric_realtime"):
        run("UPDATE event_analytics SET is_realtime = true")
    with refused("unq_event_metric"):
        run(
            "INSERT INTO event_analytics (event_id, metric_type, metric_value, recorded_at)"
            " SELECT event_id, metric_type, 2, recorded_at FROM event_analytics"
        )
    with refused("fk_event_analytics_event"):
        insert("event_analytics", event_id=row, metric_type="views", metric_value=1)
    run("DELETE FROM events WHERE id = %s", event_id)
    assert value("SELECT count(*) FROM event_analytics") == 0


def test_lost_demand_counts_people_and_is_deleted_with_its_event():
    event_id = event()
    sums = {"event_id": event_id, "day": "2026-11-28", "outcome": "lost", "reason": "sold_out"}
    row = insert("event_lost_demand", **sums, people=2, seats=3, value=60)
    with refused("unq_lost_demand"):
        insert("event_lost_demand", **sums, people=1, seats=1, value=0)
    with refused("event_lost_demand_pkey"):
        more = sums | {"outcome": "booked"}
        insert("event_lost_demand", id=row, **more, people=1, seats=1, value=0)
    with refused("chk_lost_demand_outcome"):
        run("UPDATE event_lost_demand SET outcome = 'gone'")
    for wrong in ("people = 0", "seats = 1", "value = -1"):
        with refused("chk_lost_demand_counts"):
            run(f"UPDATE event_lost_demand SET {wrong}")
    with refused("fk_event_lost_demand_event"):
        insert("event_lost_demand", **(sums | {"event_id": row}), people=1, seats=1, value=0)
    state = insert("lost_demand_states", event_id=event_id)
    with refused("unq_lost_demand_state"):
        insert("lost_demand_states", event_id=event_id)
    with refused("lost_demand_states_pkey"):
        insert("lost_demand_states", id=state, event_id=event())
    with refused("chk_lost_demand_refusals"):
        run("UPDATE lost_demand_states SET refusals = -1")
    with refused("fk_lost_demand_states_event"):
        insert("lost_demand_states", event_id=row)
    run("DELETE FROM events WHERE id = %s", event_id)
    assert value("SELECT count(*) FROM event_lost_demand") == 0
    assert value("SELECT count(*) FROM lost_demand_states") == 0


# ── Deleting ────────────────────────────────────────────────────────────────
def test_event_is_deleted_with_its_waitlist_unless_it_has_bookings():
    event_id, booking_id = full_event(1)
    wait(event_id)
    with refused("fk_bookings_event"):
        run("DELETE FROM events WHERE id = %s", event_id)
    run("DELETE FROM bookings WHERE id = %s", booking_id)
    run("DELETE FROM events WHERE id = %s", event_id)
    assert value("SELECT count(*) FROM waitlists") == 0


@pytest.mark.parametrize("action", ["insert", "update", "delete"])
def test_audit_log_records_events(action):
    """trg_audit_insert, trg_audit_update and trg_audit_delete."""
    event_id = event()
    book(event_id)
    run("UPDATE events SET name = 'Another'")
    run("DELETE FROM bookings")
    run("DELETE FROM events")
    rows = value(
        "SELECT count(*) FROM audit_log WHERE row_id = %s AND action = %s", event_id, action
    )
    assert rows == 1
