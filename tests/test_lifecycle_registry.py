"""The registry of retention rules: complete, and the same in code, database and docs."""

import pytest

from evently.lifecycle.page import PAGE, page
from evently.lifecycle.registry import Period, kept, rules
from evently.tests.database import as_owner
from evently.tests.sql import run

TABLES = r"""
    SELECT CASE schemaname WHEN 'public' THEN '' ELSE schemaname || '.' END || tablename
    FROM pg_tables t
    WHERE schemaname NOT LIKE 'pg\_%' AND schemaname NOT IN ('information_schema', 'test_seeds')
        AND NOT EXISTS (SELECT FROM pg_inherits
            WHERE inhrelid = format('%I.%I', schemaname, tablename)::regclass)
        AND NOT EXISTS (SELECT FROM pg_depend WHERE deptype = 'e'
            AND objid = format('%I.%I', schemaname, tablename)::regclass)
"""
# Rules whose periods are in a function of the database.
BY_FUNCTION = {
    "archive_bookings": "evently_archive_bookings",
    "archive_waitlists": "evently_archive_waitlist",
    "compress_prices": "evently_compress_prices",
    "notifications": "evently_drop_notification_partition",
}


@pytest.mark.django_db
def test_each_table_has_a_rule_or_a_reason_to_be_kept():
    with as_owner() as owner:
        stored = {table for (table,) in owner.execute(TABLES)}
    ruled, reasons = {rule.table for rule in rules()}, {entry.table for entry in kept()}

    assert stored - ruled - reasons == set(), "say in `retention.py` how long these are kept"
    assert (ruled | reasons) - stored == {"notifications_default"}
    assert ruled & reasons == set()


@pytest.mark.django_db
def test_periods_are_those_of_the_database():
    with as_owner() as owner:
        query = (
            "SELECT table_name, how, at_column, period FROM secrets.retention"
            " ORDER BY table_name, how"
        )
        stored = {(table, how): period for table, how, _, period in owner.execute(query)}
        for rule in rules():
            if (rule.table, "delete") in stored and rule.then == "deleted":
                given = stored.pop((rule.table, "delete"))
            elif "cold storage" in rule.then and (rule.table, "cold") in stored:
                given = stored.pop((rule.table, "cold"))
            else:
                continue
            (said,) = owner.execute("SELECT %s::interval", [rule.period.interval]).fetchone()
            assert given == said, rule.name
    assert stored == {}


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "function"), BY_FUNCTION.items())
def test_functions_keep_to_the_periods(name, function):
    (rule,) = (rule for rule in rules() if rule.name == name)

    ((source,),) = run("SELECT prosrc FROM pg_proc WHERE proname = %s", function)

    assert f"interval '{rule.period.length}'" in source


def test_docs_are_those_of_the_registry():
    assert PAGE.read_text() == page(), "run: .venv/bin/python manage.py lifecycle --page"


def test_rules_say_all_that_attendees_may_ask():
    for rule in rules():
        assert all((rule.data, str(rule.period), rule.then, rule.how, rule.ground)), rule.name
        assert (rule.work is None) == (rule.due is None), rule.name
    assert len({rule.name for rule in rules()}) == len(rules())


def test_period_in_words():
    assert str(Period("the booking", years=1, days=2)) == "1 year 2 days after the booking"
    assert Period("x", months=6).interval == "6 mons"
