"""No constraint and no trigger of events, bookings and the line goes without a test."""

from pathlib import Path

import pytest
from django.apps import apps

from evently.environment import BASE_DIR
from evently.tests.sql import run

APPS = ("events", "bookings", "waitlists")
TABLES = (
    "events",
    "event_staff",
    "event_analytics",
    "pricing_history",
    "bookings",
    "bookings_archive",
    "booking_attempts",
    "tickets",
    "payments",
    "waitlists",
    "waitlist_promotions",
)

# Not-null constraints (contype 'n') are columns, not rules.
RULES = """
    SELECT c.relname, r.conname FROM pg_constraint r JOIN pg_class c ON c.oid = r.conrelid
    WHERE c.relname = ANY(%s) AND r.contype <> 'n'
    UNION
    SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relname = ANY(%s) AND NOT t.tgisinternal
    ORDER BY 1, 2
"""


def written_tests(app: str) -> list[Path]:
    return sorted((BASE_DIR / app / "tests").glob("test_*.py"))


@pytest.mark.django_db
def test_every_constraint_and_trigger_is_named_in_a_test():
    written = "\n".join(
        path.read_text() for app in APPS for path in written_tests(app) if path != Path(__file__)
    )
    rules = run(RULES, list(TABLES), list(TABLES))
    assert len(rules) > 100
    forgotten = [rule for rule in rules if rule[1] not in written]
    assert not forgotten, forgotten


def test_no_table_of_these_apps_is_forgotten():
    owned = {
        model._meta.db_table for app in APPS for model in apps.get_app_config(app).get_models()
    }
    assert owned == set(TABLES)
