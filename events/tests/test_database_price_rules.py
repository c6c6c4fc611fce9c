"""Price rules in plain SQL: what a rule may set, and what suspends it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import ProgrammingError, transaction

from evently.database.identity import DatabaseRole, Identity, acting_as
from evently.tests.rows import event, person, price_rule
from evently.tests.sql import refused, run, value

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
REFUSED = [
    ("chk_pricing_rule_bounds", "floor = 0"),
    ("chk_pricing_rule_bounds", "floor = 'NaN', enabled = false"),
    ("chk_pricing_rule_bounds", "ceiling = 'NaN', enabled = false"),
    ("chk_pricing_rule_bounds", "floor = 41, enabled = false"),
    ("chk_pricing_rule_step", "max_step = 0"),
    ("chk_pricing_rule_step", "max_step = 'NaN', enabled = false"),
    ("chk_pricing_rule_step", "step_kind = 'percent', max_step = 101"),
    ("chk_pricing_rule_step", "step_kind = 'leap'"),
    ("chk_pricing_rule_interval", "min_interval_minutes = 4"),
    ("chk_pricing_rule_interval", "min_interval_minutes = 43201"),
    ("chk_pricing_rule_rounding", "rounding_unit = 0"),
    ("chk_pricing_rule_rounding", "rounding_ending = 1"),
    ("chk_pricing_rule_weights", "weight_sold = 101"),
    ("chk_pricing_rule_weights", "weight_pace = -1"),
    ("chk_pricing_rule_weights", "weight_waitlist = 101"),
    ("chk_pricing_rule_weights", "expected_percent = 0"),
    ("chk_pricing_rule_plan", "plan = '{0,100}'"),
    ("chk_pricing_rule_plan", "plan = '{0,10,20,30,40,50,60,70,80,90,99}'"),
    ("chk_pricing_rule_plan", "plan = '{1,10,20,30,40,50,60,70,80,90,100}'"),
    ("chk_pricing_rule_plan", "plan = '{0,10,20,30,40,39,60,70,80,90,100}'"),
    ("chk_pricing_rule_plan", "plan = '{0,10,20,30,40,NULL,60,70,80,90,100}'"),
    ("chk_pricing_rule_next", "next_price = 32"),
    ("chk_pricing_rule_next", "next_price = 41, next_at_taken = 5"),
    ("chk_pricing_rule_next", "next_price = 32, next_at_taken = -1"),
    ("trg_pricing_rule_money", "ceiling = 40.001"),
    ("trg_pricing_rule_money", "max_step = 0.001"),
    ("trg_pricing_rule_price", "floor = 31"),
    ("trg_pricing_rule_price", "ceiling = 29"),
    ("trg_pricing_rule_kept", "id = gen_random_uuid()"),
]


@pytest.fixture
def ruled():
    """Return an event of €30 whose price moves between €20 and €40."""
    event_id = event(base_price=30, current_price=30)
    price_rule(event_id, floor=20, ceiling=40)
    return event_id


def bounds(event_id):
    ((low, high),) = run("SELECT price_floor, price_ceiling FROM events WHERE id = %s", event_id)
    return low, high


def rule_of(event_id, columns="enabled, suspended_at IS NOT NULL, version"):
    return run(f"SELECT {columns} FROM pricing_rules WHERE event_id = %s", event_id)[0]


def move(event_id, price, rule="price rule v1"):
    run(f"SET LOCAL evently.price_rule = '{rule}'")
    run("UPDATE events SET current_price = %s WHERE id = %s", price, event_id)
    run("SET LOCAL evently.price_rule = ''")


@pytest.mark.parametrize(("constraint", "change"), REFUSED)
def test_impossible_rule_is_refused(ruled, constraint, change):
    with refused(constraint):
        run(f"UPDATE pricing_rules SET {change} WHERE event_id = %s", ruled)


def test_an_event_has_one_rule_which_is_kept_with_it(ruled):
    with refused("unq_pricing_rule"):
        price_rule(ruled, floor=20, ceiling=40)
    with refused("pricing_rules_pkey"):
        price_rule(
            event(), id=value("SELECT id FROM pricing_rules"), floor=1, ceiling=2, enabled=False
        )
    with refused("fk_pricing_rules_event"):
        price_rule(value("SELECT gen_random_uuid()"), floor=1, ceiling=2, enabled=False)
    with refused("trg_pricing_rule_kept"):
        run("DELETE FROM pricing_rules")

    run("DELETE FROM events WHERE id = %s", ruled)
    assert value("SELECT count(*) FROM pricing_rules") == 0


def test_bounds_of_an_active_rule_are_on_the_event(ruled):
    assert bounds(ruled) == (20, 40)
    run("UPDATE events SET price_floor = 1, price_ceiling = NULL WHERE id = %s", ruled)
    assert bounds(ruled) == (20, 40), "they are the rule's"
    run("UPDATE pricing_rules SET ceiling = 50")
    assert bounds(ruled) == (20, 50)
    run("UPDATE pricing_rules SET suspended_at = now()")
    assert bounds(ruled) == (None, None)
    run("UPDATE pricing_rules SET suspended_at = NULL")
    assert bounds(ruled) == (20, 50)
    run("UPDATE pricing_rules SET enabled = false")
    assert bounds(ruled) == (None, None)
    assert value("SELECT version FROM events") == 1
    assert bounds(event(price_floor=1, price_ceiling=2)) == (None, None)


def test_bounds_that_were_in_force_stay_on_record(ruled):
    """Also chk_price_bounds; trg_append_only refuses every write first."""
    recorded = "SELECT floor, ceiling FROM price_bounds WHERE event_id = %s ORDER BY applied_at, id"
    run("UPDATE pricing_rules SET ceiling = 50, max_step = 5")
    run("UPDATE pricing_rules SET weight_sold = 1")
    run("UPDATE events SET price_floor = 1, name = 'No bounds here'")
    move(ruled, 31, rule="price rule v3")
    run("UPDATE events SET current_price = 60 WHERE id = %s", ruled)
    with acting_as(Identity(DatabaseRole.VISITOR)):
        assert run(recorded, ruled) == [(20, 40), (20, 50), (None, None)]
        changes = "SELECT new_price, price_floor, price_ceiling FROM pricing_history"
        assert run(f"{changes} ORDER BY applied_at, id") == [(31, 20, 50), (60, None, None)]
    at = "(SELECT max(applied_at) FROM {})"
    assert value(f"SELECT {at.format('pricing_history')} = {at.format('price_bounds')}")

    draft = event(base_price=30, current_price=30, published_at=None)
    price_rule(draft, floor=20, ceiling=40)
    run("UPDATE events SET currency = 'USD' WHERE id = %s", draft)
    assert run(recorded, draft) == [(20, 40), (None, None)]
    with acting_as(Identity(DatabaseRole.VISITOR)):
        assert run(recorded, draft) == []
    for statement in (
        "INSERT INTO price_bounds (event_id, organizer_id) SELECT id, created_by_id FROM events",
        "UPDATE price_bounds SET ceiling = 45",
        "DELETE FROM price_bounds",
    ):
        with refused("trg_append_only"):
            run(statement)
    condition = value(
        "SELECT substr(pg_get_constraintdef(oid), 7) FROM pg_constraint"
        " WHERE conname = 'chk_price_bounds'"
    )
    for floor, ceiling in ((1, None), (None, 1), (2, 1)):
        pair = "SELECT %s::numeric AS floor, %s::numeric AS ceiling"
        assert value(f"SELECT {condition} FROM ({pair}) b", floor, ceiling) is False
    run("DELETE FROM events WHERE id = %s", ruled)
    assert run(recorded, ruled) == []


def test_active_rule_fits_its_event(ruled):
    run("UPDATE pricing_rules SET enabled = false, floor = 35, max_step = 0.001")
    with refused("trg_pricing_rule_price"):
        run("UPDATE pricing_rules SET enabled = true, max_step = 1")
    with refused("trg_pricing_rule_money"):
        run("UPDATE pricing_rules SET enabled = true, floor = 30")
    run("UPDATE pricing_rules SET enabled = true, floor = 30, max_step = 1")


def test_rule_moves_a_price_within_its_settings_only(ruled, clock):
    for claimed in ("rule", "price rule v2", "price rule"):
        with refused("trg_price_rule_active"):
            move(ruled, 31, rule=claimed)
    with refused("trg_price_rule_step"):
        move(ruled, Decimal("32.01"))
    move(ruled, 32)
    with refused("trg_price_rule_interval"):
        move(ruled, 33)
    clock.move(HOUR)
    run("UPDATE pricing_rules SET step_kind = 'percent', max_step = 100")
    with refused("trg_price_rule_bounds"):
        move(ruled, Decimal("40.01"), rule="price rule v2")
    with refused("trg_price_rule_bounds"):
        move(ruled, Decimal("19.99"), rule="price rule v2")
    move(ruled, 40, rule="price rule v2")
    clock.move(2 * HOUR)
    run("UPDATE pricing_rules SET max_step = 10")
    with refused("trg_price_rule_step"):
        move(ruled, Decimal("35.99"), rule="price rule v3")
    move(ruled, 36, rule="price rule v3")

    assert rule_of(ruled) == (True, False, 3)
    assert run("SELECT applied_by FROM pricing_history ORDER BY applied_at") == [
        ("price rule v1",),
        ("price rule v2",),
        ("price rule v3",),
    ]
    run("UPDATE pricing_rules SET enabled = false")
    clock.move(3 * HOUR)
    with refused("trg_price_rule_active"):
        move(ruled, 37, rule="price rule v4")


@pytest.mark.parametrize(
    "change",
    [
        "current_price = 31",
        "current_price = 100, base_price = 100",
        "currency = 'USD'",
        "payment_mode = 'free', base_price = 0, current_price = 0",
    ],
)
def test_other_change_of_the_price_suspends_the_rule(change):
    drafted = event(base_price=30, current_price=30, published_at=None)
    price_rule(drafted, floor=20, ceiling=40)
    run("UPDATE events SET base_price = 31, name = 'Another' WHERE id = %s", drafted)
    assert rule_of(drafted) == (True, False, 1)

    run(f"UPDATE events SET {change} WHERE id = %s", drafted)

    assert rule_of(drafted) == (True, True, 2)
    assert bounds(drafted) == (None, None)
    with refused("trg_price_rule_active"):
        move(drafted, 32, rule="price rule v2")


def test_rule_that_is_off_is_not_suspended(ruled):
    run("UPDATE pricing_rules SET enabled = false")
    run("UPDATE events SET current_price = 31")
    run("UPDATE pricing_rules SET suspended_at = now()")
    assert rule_of(ruled) == (False, False, 2)


def test_edits_are_counted_and_the_next_rise_is_none(ruled):
    facts = "version, next_price, next_at_taken"
    run("UPDATE pricing_rules SET next_price = 32, next_at_taken = 5, version = 9")
    assert rule_of(ruled, facts) == (1, 32, 5)
    run("UPDATE pricing_rules SET ceiling = 40")
    assert rule_of(ruled, facts) == (1, 32, 5)
    assert value("SELECT price FROM evently_next_price(%s)", ruled) == 32
    run("UPDATE pricing_rules SET ceiling = 41")
    assert rule_of(ruled, facts) == (2, None, None)
    assert run("SELECT price FROM evently_next_price(%s)", ruled) == []


def test_next_rise_is_said_of_public_events_that_announce_it(ruled):
    run("UPDATE pricing_rules SET next_price = 32, next_at_taken = 5")
    asked = "SELECT price, at_taken FROM evently_next_price(%s)"
    assert run(asked, ruled) == [(32, 5)]
    run("UPDATE pricing_rules SET announces_next = false")
    run("UPDATE pricing_rules SET next_price = 32, next_at_taken = 5")
    assert run(asked, ruled) == []
    run("UPDATE pricing_rules SET announces_next = true")
    run("UPDATE pricing_rules SET next_price = 32, next_at_taken = 5")
    run("UPDATE events SET published_at = NULL")
    assert run(asked, ruled) == []
    run("UPDATE events SET published_at = now(), status = 'cancelled'")
    assert run(asked, ruled) == []


def test_new_rule_has_no_next_rise_and_the_time_of_now():
    event_id = event(base_price=30, current_price=30)
    price_rule(event_id, floor=20, ceiling=40, next_price=32, next_at_taken=0, created_at=LONG_AGO)
    assert rule_of(event_id, "next_price, created_at = updated_at") == (None, True)


def test_claim_to_be_the_rule_is_not_signed_and_another_reason_is_no_secret(ruled):
    run("SET LOCAL evently.price_reason = '99% sold: hurry'")
    move(ruled, 31)
    assert run("SELECT applied_by, reason, signed, db_role <> '' FROM pricing_history") == [
        ("price rule v1", "99% sold: hurry", False, True)
    ]


def test_claim_without_an_active_rule_or_for_another_event_is_refused(ruled):
    for columns in ({}, {"published_at": None}):
        other = event(base_price=30, current_price=30, **columns)
        with refused("trg_price_rule_active"):
            move(other, 31)
    draft = event(base_price=30, current_price=30, published_at=None)
    price_rule(draft, floor=20, ceiling=40)
    with refused("trg_price_rule_active"):
        run("SET LOCAL evently.price_rule = 'price rule v1'")
        run("UPDATE events SET currency = 'USD', current_price = 1 WHERE id = %s", draft)
    with refused("trg_price_rule_bounds"):
        run("UPDATE pricing_rules SET max_step = 100")
        move(ruled, 0, rule="price rule v2")


def test_price_history_of_a_moved_price_is_written_by_the_database_alone(ruled):
    columns = "event_id, organizer_id, old_price, new_price, applied_by"
    with refused("trg_append_only"):
        run(
            f"INSERT INTO pricing_history ({columns})"
            " SELECT id, created_by_id, 30, 31, 'price rule v1' FROM events"
        )
    move(ruled, 31)
    with refused("trg_append_only"):
        run("UPDATE pricing_history SET reason = 'nothing'")
    with refused("trg_append_only"):
        run("DELETE FROM pricing_history")


@pytest.mark.parametrize("days", [366, 2 * 365])
def test_joined_history_does_not_shorten_the_interval(ruled, clock, days):
    run("UPDATE pricing_rules SET min_interval_minutes = 43200")
    run("UPDATE events SET event_date = now() + interval '9 years'")
    move(ruled, 31, rule="price rule v2")
    clock.move(days * DAY)
    run("SELECT evently_compress_prices(%s)", ruled)
    move(ruled, 32, rule="price rule v2")
    run("SELECT evently_compress_prices(%s)", ruled)
    with refused("trg_price_rule_interval"):
        move(ruled, 33, rule="price rule v2")


@pytest.mark.parametrize("role", [DatabaseRole.VISITOR, DatabaseRole.ATTENDEE])
def test_settings_are_hidden_and_bounds_are_public(ruled, role):
    run("UPDATE pricing_rules SET next_price = 32, next_at_taken = 5")
    with acting_as(Identity(role, person())):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            run("SELECT * FROM pricing_rules")
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            move(ruled, 31)
        assert bounds(ruled) == (20, 40)
        assert run("SELECT * FROM evently_next_price(%s)", ruled) == [(32, 5)]


def test_organizers_set_their_own_rule_and_no_next_rise(ruled):
    owner = value("SELECT created_by_id FROM events WHERE id = %s", ruled)
    with acting_as(Identity(DatabaseRole.ORGANIZER, person())):
        assert run("SELECT * FROM pricing_rules") == []
        assert run("UPDATE pricing_rules SET enabled = false RETURNING id") == []
        assert run("UPDATE events SET current_price = 31 RETURNING id") == []
    with acting_as(Identity(DatabaseRole.ORGANIZER, person(), manages=(ruled,))):
        assert run("UPDATE pricing_rules SET ceiling = 41 RETURNING version") == [(2,)]
    with acting_as(Identity(DatabaseRole.ORGANIZER, owner)):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            run("UPDATE pricing_rules SET next_price = 21, next_at_taken = 1")
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            run("DELETE FROM pricing_rules")
        with refused("trg_price_rule_step"):
            move(ruled, 33, rule="price rule v2")
        run("UPDATE events SET price_floor = 1, price_ceiling = 2")
        assert bounds(ruled) == (20, 41)
