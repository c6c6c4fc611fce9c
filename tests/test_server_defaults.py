"""Nothing depends on a server's settings: plans of hot statements under PostgreSQL's own defaults.

A plan above `jit_above_cost` is compiled on each execution, which takes half a second. The plans
come from auto_explain, those of statements inside triggers included, so the tests need the
superuser of the embedded server.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.conf import settings
from django.db import connection, connections
from psycopg import sql

from bookings.models import Booking
from bookings.operations import Canceller, book_seats, cancel_booking
from boxoffice.lifecycle.operations import cancel_event, continue_cancellation
from evently.accounts.factories import UserFactory
from evently.embedded import addresses
from evently.embedded.postgres import SUPERUSER
from evently.origin import Origin
from evently.tests.rows import book, event, people
from evently.tests.sql import run
from events.models import Event
from events.operations import edit_event
from waitlists.models import Promotion
from waitlists.operations import accept_promotion, join_waitlist

pytestmark = pytest.mark.django_db(transaction=True)

ORIGIN = Origin(ip_address="127.0.0.1", user_agent="test")
JIT_ABOVE_COST = 100_000
# Statements of functions that set jit = off themselves, since their costs are overestimated.
WITHOUT_JIT = ("WITH places (field, place, shift) AS",)  # evently_search_vector
EXPLAINED = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_format": "json",
    "auto_explain.log_level": "notice",
}
DEFAULTS = {"jit": "on", "random_page_cost": "4", "work_mem": "4MB", "jit_above_cost": "100000"}


@pytest.fixture
def explained() -> Iterator[None]:
    """Have all plans of the application's connections reported to them."""
    database = connection.settings_dict
    password = addresses.passwords().get(SUPERUSER)
    if password is None or database["PORT"] != addresses.ports().get("postgres"):
        pytest.skip("needs the superuser of the embedded server")
    login = {"host": "127.0.0.1", "port": database["PORT"], "user": SUPERUSER}
    target = sql.SQL("ALTER DATABASE {} ").format(sql.Identifier(database["NAME"]))
    connections.close_all()
    with psycopg.connect(
        **login, password=password, dbname=database["NAME"], autocommit=True
    ) as server:
        server.execute("LOAD 'auto_explain'")
        for name, value in EXPLAINED.items():
            server.execute(target + sql.SQL(f"SET {name} = {{}}").format(sql.Literal(value)))
        yield
        connections.close_all()
        server.execute(target + sql.SQL("RESET ALL"))


@contextmanager
def plans() -> Iterator[list[dict]]:
    """Collect the plans of the block's statements, made under the server's defaults."""
    found: list[dict] = []

    def note(diagnostic: psycopg.errors.Diagnostic) -> None:
        _, marker, text = (diagnostic.message_primary or "").partition("plan:\n")
        if marker:
            found.append(json.loads(text))

    for name, value in DEFAULTS.items():
        run(f"SET {name} = '{value}'")
    psycopg_connection = connection.connection
    psycopg_connection.add_notice_handler(note)
    try:
        yield found
    finally:
        psycopg_connection.remove_notice_handler(note)
        for name in DEFAULTS:
            run(f"RESET {name}")


def assert_cheap(found: list[dict]) -> None:
    assert found
    for plan in found:
        assert "JIT" not in plan, plan["Query Text"]
        if any(text in plan["Query Text"] for text in WITHOUT_JIT):
            continue
        assert plan["Plan"]["Total Cost"] < JIT_ABOVE_COST, plan["Query Text"]


def work_of(found: list[dict]) -> int:
    """Return how many rows the nodes of all plans have handled."""

    def rows(node: dict) -> int:
        own = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        return int(own) + sum(rows(child) for child in node.get("Plans", []))

    return sum(rows(plan["Plan"]) for plan in found)


def test_connections_choose_what_matters_themselves():
    wanted = {
        "jit": "off",
        "random_page_cost": "1.1",
        "default_transaction_isolation": "read committed",
    }
    for alias in settings.DATABASES:
        with connections[alias].cursor() as cursor:
            for name, value in wanted.items():
                cursor.execute(f"SHOW {name}")
                assert cursor.fetchone() == (value,), alias


def test_hot_statements_are_planned_cheaply(explained):
    event_id = event(total_capacity=3, name="Hot")
    ana, bo = UserFactory(), UserFactory()
    with plans() as found:
        booking = book_seats(event_id=event_id, user_id=ana.pk, quantity=3, origin=ORIGIN)
        join_waitlist(event_id=event_id, user_id=bo.pk, quantity=1)
        cancel_booking(event_id=event_id, booking_id=booking.pk, by=Canceller.ATTENDEE)
        offer = Promotion.objects.get(event_id=event_id)
        accept_promotion(event_id=event_id, promotion_id=offer.pk, origin=ORIGIN)
        edit_event(
            event_id=event_id, version=Event.objects.get(pk=event_id).version, name="Still hot"
        )

    # Statements inside the audit triggers are among them.
    assert sum("INSERT INTO audit_log" in plan["Query Text"] for plan in found) >= 5
    assert_cheap(found)


def test_cancelling_a_full_event_is_planned_cheaply(explained):
    event_id = event(total_capacity=600)
    for user_id in people(600):
        book(event_id, user_id=user_id)
    with plans() as found:
        cancel_event(event_id=event_id)
        continue_cancellation(event_id=event_id)

    assert not Booking.objects.exclude(status="cancelled").exists()
    assert_cheap(found)


def test_a_plan_kept_from_a_single_row_stays_linear(explained):
    """The audit trigger's plan is cached: first for one row, then used for many."""
    event_id = event(total_capacity=2000)
    run(
        "INSERT INTO bookings (event_id, user_id, quantity, unit_price, total_amount)"
        " SELECT %s, unnest(%s::uuid[]), 1, 0, 0",
        *(event_id, people(1560)),
    )
    work = {}
    for count in (1, 300, 1200):
        with plans() as found:
            run(
                "UPDATE bookings SET status = 'cancelled' WHERE id IN (SELECT id FROM bookings"
                " WHERE status <> 'cancelled' ORDER BY id LIMIT %s)",
                count,
            )
        logged = [plan for plan in found if "INSERT INTO audit_log" in plan["Query Text"]]
        work[count] = work_of(logged)
        assert_cheap(found)

    assert work[1200] <= 4.4 * work[300]
