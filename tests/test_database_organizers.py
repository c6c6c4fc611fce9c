"""Rows of an event bear its organizer, and rows of a booking its user, whatever is written."""

from threading import Thread

import psycopg
import pytest
from django.db import connections

from evently.audit.tests import test_database_triggers as audited
from evently.database.organizers import filled
from evently.tests import rows
from evently.tests.database import as_owner
from evently.tests.rows import book, event, insert, offer, person, wait
from evently.tests.sql import refused, run, value

pytestmark = pytest.mark.django_db

UNKNOWN_ID = "00000000-0000-7000-8000-000000000000"

TABLES = r"""
    SELECT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE a.attname = 'organizer_id' AND NOT c.relispartition AND c.relkind IN ('r', 'p')
        AND c.relname <> 'event_imports'
"""
# Which are written by triggers only, or refuse any update: see the tests of their own.
WRITTEN_BY_TRIGGER = {"audit_log", "price_bounds", "pricing_history"}
OF_BOOKING = ("tickets", "payments", "attendance_checks")
OF_EVENT = "SELECT created_by_id FROM events WHERE id = r.event_id"
ORGANIZER = {
    "event_import_rows": "SELECT organizer_id FROM event_imports WHERE id = r.batch_id",
    "audit_log": """
        SELECT created_by_id FROM events
        WHERE id = r.event_id AND r.table_name NOT IN ('notifications', 'event_mutes')
        UNION ALL
        SELECT organizer_id FROM event_imports WHERE id = r.row_id""",
}


@pytest.fixture
def tables():
    """Return all tables with the column, each of which gets a row."""
    found = {name for (name,) in run(TABLES)}
    assert len(found) >= 18
    return found


@pytest.fixture
def forged(monkeypatch, tables):
    """Insert rows of all these tables; each insert names another organizer, and another user."""
    other = person()

    def forging(table, **columns):
        if table in tables:
            columns["organizer_id"] = other
        if table in OF_BOOKING:
            columns["user_id"] = other
        return insert(table, **columns)

    monkeypatch.setattr(rows, "insert", forging)
    monkeypatch.setattr(audited, "insert", forging)
    audited.make_rows()
    event_id = value("SELECT event_id FROM event_staff")
    run("UPDATE events SET current_price = 5, base_price = 5")
    rows.price_rule(event_id, floor=1, ceiling=9)
    forging("event_analytics", event_id=event_id, metric_type="views", metric_value=1)
    sums = {"day": "2026-11-28", "outcome": "lost", "reason": "sold_out", "value": 0}
    forging("event_lost_demand", event_id=event_id, people=1, seats=1, **sums)
    forging("lost_demand_states", event_id=event_id)
    forging("announcements", event_id=event_id, key="k", message="m")
    forging("mailings", event_id=event_id, kind="reminder", due_at="2026-11-28", people=1)
    forging(
        "organizer_messages", event_id=event_id, subject="Doors", body="At 7.", audience="booked"
    )
    forging("email_delivery_log", event_id=event_id, user_id=other, template_type="notification")
    forging("email_resends", delivery_id=event_id, user_id=other, event_id=event_id)
    forging(
        "email_returns",
        delivery_id=event_id,
        user_id=other,
        event_id=event_id,
        outcome="delivered",
        source="mailbox",
        digest="e" * 64,
    )
    of_email = {"delivery_id": event_id, "user_id": other, "event_id": event_id}
    forging("email_attempts", number=1, outcome="accepted", **of_email)
    forging("sent_emails", sealed=b"sealed" * 5, **of_email)
    forging("resend_runs", user_id=other, event_id=event_id, delivery_ids=[event_id])
    batch = value("SELECT id FROM event_imports")
    forging("event_import_rows", batch_id=batch, line=1, name="", outcome="new")
    run(
        "INSERT INTO tickets (booking_id, event_id, user_id, organizer_id, cancelled_at)"
        " SELECT id, event_id, %s, %s, now() FROM bookings",
        *(other, other),
    )
    return other


def wrong(table):
    """Return the rows of a table that bear another organizer than they should."""
    owner = ORGANIZER.get(table, OF_EVENT)
    return run(f"SELECT id FROM {table} r WHERE organizer_id IS DISTINCT FROM ({owner})")


def wrong_users():
    return [
        table
        for table in OF_BOOKING
        for _ in run(
            f"SELECT r.id FROM {table} r JOIN bookings b ON b.id = r.booking_id"
            " WHERE r.user_id <> b.user_id"
        )
    ]


def test_rows_bear_their_organizer_whatever_is_inserted(forged, tables):
    for table in tables:
        assert run(f"SELECT 1 FROM {table} WHERE organizer_id IS NOT NULL"), table
        assert wrong(table) == [], table
    assert wrong_users() == []


def test_organizer_and_user_stay_whatever_is_written(forged, tables):
    for table in tables - WRITTEN_BY_TRIGGER - {"draws"}:
        run(f"UPDATE {table} SET organizer_id = %s", forged)
        run(f"UPDATE {table} SET organizer_id = NULL")
        assert wrong(table) == [], table
    for table in OF_BOOKING:
        run(f"UPDATE {table} SET user_id = %s, organizer_id = %s", forged, forged)
    assert wrong_users() == []
    with refused("trg_append_only"):
        run("UPDATE pricing_history SET organizer_id = %s", forged)
    with refused("trg_draw_final"):
        run("UPDATE draws SET organizer_id = %s", forged)


def test_a_forged_organizer_opens_no_guard(forged):
    """Guards that let rows be filled are as before."""
    for table, constraint, change in (
        ("bookings", "trg_booking_final", "user_id = evently_uuid7()"),
        ("waitlists", "trg_entry_final", "user_id = evently_uuid7()"),
        ("waitlist_promotions", "trg_promotion_final", "quantity = 2"),
        ("pricing_history", "trg_append_only", "old_price = 1"),
    ):
        for organizer in (f"'{forged}'", "NULL"):
            with refused(constraint):
                run(f"UPDATE {table} SET {change}, organizer_id = {organizer}")


def test_organizer_follows_a_row_to_another_event():
    first, second, helper = event(), event(), person()
    insert("event_staff", event_id=first, user_id=helper, role="door")
    run("UPDATE event_staff SET event_id = %s", second)
    assert wrong("event_staff") == []


def test_event_stays_with_its_organizer():
    event_id = event()
    with refused("trg_event_organizer"):
        run("UPDATE events SET created_by_id = %s", person())
    run("UPDATE events SET created_by_id = created_by_id, name = 'Another'")
    assert value("SELECT version FROM events WHERE id = %s", event_id) == 2


@pytest.mark.parametrize(
    ("constraint", "table", "columns"),
    [
        ("fk_bookings_event", "bookings", {"quantity": 1, "total_amount": 0}),
        ("fk_waitlists_event", "waitlists", {"quantity": 1, "status": "left"}),
        ("fk_booking_attempts_event", "booking_attempts", {"result": "failed"}),
        ("fk_event_staff_event", "event_staff", {"role": "door"}),
    ],
)
def test_unknown_event_has_no_organizer(constraint, table, columns):
    with refused(constraint):
        insert(table, event_id=UNKNOWN_ID, user_id=person(), **columns)


def test_changes_bear_the_organizer_and_do_not_repeat_it(forged):
    run("UPDATE bookings SET cancel_reason = 'ill'")
    run("DELETE FROM event_staff")

    assert wrong("audit_log") == []
    assert (
        run("SELECT id FROM audit_log WHERE before ? 'organizer_id' OR after ? 'organizer_id'")
        == []
    )


def test_added_tickets_bear_user_and_organizer():
    event_id = event()
    booking = book(event_id)
    run("UPDATE bookings SET quantity = 3 WHERE id = %s", booking)
    assert wrong("tickets") == []
    assert wrong_users() == []
    assert value("SELECT count(*) FROM tickets") == 3


def test_rejoining_and_offers_keep_the_organizer():
    event_id = event(total_capacity=1)
    booking = book(event_id)
    entry = wait(event_id)
    run("UPDATE waitlists SET status = 'left' WHERE id = %s", entry)
    run("UPDATE waitlists SET status = 'waiting' WHERE id = %s", entry)
    run("UPDATE bookings SET status = 'cancelled' WHERE id = %s", booking)
    offer(entry)
    assert wrong("waitlists") == []
    assert wrong("waitlist_promotions") == []


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_filling_comes_back_to_rows_that_are_locked():
    """Rows of a table that is filled by a migration, while a client holds one of them."""
    for event_id in (event(), event(), event()):
        insert("event_analytics", event_id=event_id, metric_type="a", metric_value=1)
    connection = connections["owner"]
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE scratch AS SELECT id, event_id, NULL::uuid AS organizer_id"
            " FROM event_analytics"
        )
    try:
        migrating = Thread(target=_fill_scratch)
        with as_owner() as client:
            client.execute(
                "UPDATE scratch SET event_id = event_id"
                " WHERE id = (SELECT id FROM scratch ORDER BY id LIMIT 1)"
            )
            migrating.start()
            assert _eventually_filled(client) == 2
            client.commit()
        migrating.join(timeout=30)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM scratch WHERE organizer_id IS NULL")
            assert cursor.fetchone() == (0,)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE scratch")


def _fill_scratch():
    connection = connections["owner"]
    try:
        with connection.schema_editor(atomic=False) as editor:
            filled("scratch", rows=2).code(None, editor)
    finally:
        connection.close()


def _eventually_filled(client: psycopg.Connection) -> int:
    """Wait until all rows but the locked one are filled; return how many."""
    for _ in range(300):
        with psycopg.connect(client.info.dsn, password=client.info.password) as reader:
            ((count,),) = reader.execute("SELECT count(organizer_id) FROM scratch").fetchall()
        if count == 2:
            break
    return count
