"""Constraints and triggers of bookings, attempts and the archive, tested in SQL."""

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from evently.audit.context import stamp
from evently.audit.models import AuditLog
from evently.tests.database import as_owner
from evently.tests.rows import (
    SEALED,
    book,
    check_everything,
    free_seats,
    insert,
    person,
)
from evently.tests.sql import as_at_commit, assert_refused, refused, run, value

pytestmark = pytest.mark.django_db

UNKNOWN_ID = "00000000-0000-7000-8000-000000000000"

REFUSED = [
    ("chk_booking_quantity", "quantity = 0, unit_price = 0, total_amount = 0"),
    ("chk_booking_total", "total_amount = 15"),
    ("chk_booking_amount", "total_amount = 0"),
    ("chk_booking_status", "status = 'open'"),
    ("chk_booking_cancelled", "cancelled_at = now()"),
    # A price below 0 makes an amount below 0, which is checked first.
    ("chk_booking_amount", "unit_price = -1, total_amount = -2"),
    ("trg_booking_final", "event_id = evently_uuid7()"),
    ("trg_booking_final", "user_id = evently_uuid7()"),
    ("trg_booking_final", "id = evently_uuid7()"),
    ("trg_booking_final", "booking_reference = 'EVT20260101AAAAAAAAAA'"),
    ("trg_booking_final", "status = 'pending'"),
    ("trg_booking_final", "unit_price = 11, total_amount = 22"),
    ("trg_booking_final", "unit_price = 'NaN', total_amount = 'NaN'"),
]


@pytest.mark.parametrize(("constraint", "change"), REFUSED)
def test_update_refuses(booking, constraint, change):
    before = run("SELECT * FROM bookings")
    with refused(constraint):
        run(f"UPDATE bookings SET {change}")
    assert run("SELECT * FROM bookings") == before


@pytest.mark.parametrize(
    ("constraint", "columns"),
    [
        ("chk_booking_quantity", {"quantity": 0, "unit_price": 0}),
        ("bookings_quantity_check", {"quantity": -1, "unit_price": 0}),
        ("chk_booking_quantity", {"quantity": 11}),
        ("chk_booking_amount", {"unit_price": -1}),
        ("chk_booking_expires", {"expires_at": "2030-01-01"}),
        ("chk_booking_price", {"unit_price": "NaN", "total_amount": "NaN"}),
        ("trg_price_current", {"unit_price": 11}),
        ("chk_booking_total", {"unit_price": 5, "total_amount": 4}),
        ("fk_bookings_user", {"user_id": UNKNOWN_ID}),
        ("fk_bookings_event", {"event_id": UNKNOWN_ID}),
    ],
)
def test_insert_refuses(priced, constraint, columns):
    given = {"event_id": priced, "unit_price": 10} | columns
    with refused(constraint):
        book(**given)
    assert free_seats(priced) == 10


def test_deleted_user_cannot_book(priced):
    """trg_bookings_person"""
    deleted = person()
    run("UPDATE users SET deleted_at = now() WHERE id = %s", deleted)
    with refused("trg_person_left"):
        book(priced, user_id=deleted)
    assert free_seats(priced) == 10


def test_bookings_stay_when_their_user_is_deleted(booking):
    as_at_commit()
    run("UPDATE users SET deleted_at = now()")
    run("UPDATE bookings SET quantity = 1, total_amount = 10")
    as_at_commit()


def test_insert_accepts_any_price_up_to_the_current_one(priced):
    book(priced, unit_price=0)
    book(priced, unit_price=10)
    book(priced, 8, unit_price=9)
    assert free_seats(priced) == 0


def test_booking_id_is_unique(priced, booking):
    with refused("bookings_pkey"):
        book(priced, id=booking)
    assert free_seats(priced) == 8


def test_update_sets_version_and_times(booking):
    run("UPDATE bookings SET status = 'cancelled', version = 9, updated_at = '2020-01-01'")
    ((version, cancelled_at, updated_at),) = run(
        "SELECT version, cancelled_at, updated_at FROM bookings"
    )
    assert version == 2
    assert cancelled_at is not None
    assert updated_at >= cancelled_at


@pytest.mark.parametrize(
    "change", ["status = 'confirmed', cancelled_at = NULL", "quantity = 1, total_amount = 10"]
)
def test_cancelled_booking_stays_cancelled(booking, change):
    run("UPDATE bookings SET status = 'cancelled'")
    with refused("trg_booking_final"):
        run(f"UPDATE bookings SET {change}")
    run("UPDATE bookings SET status = 'cancelled', cancel_reason = 'again'")
    check_everything()


def test_only_a_cancelled_booking_has_one_who_cancelled_it(booking):
    for change in ("cancelled_by = 'organizer'", "status = 'cancelled', cancelled_by = 'nobody'"):
        with refused("chk_booking_cancelled_by"):
            run(f"UPDATE bookings SET {change}")
    run("UPDATE bookings SET status = 'cancelled', cancelled_by = 'organizer'")


def test_confirming_a_pending_booking_clears_its_deadline(priced):
    book(priced, unit_price=10, status="pending", expires_at=value("SELECT now()"))
    run("UPDATE bookings SET status = 'confirmed'")
    assert run("SELECT status, expires_at FROM bookings") == [("confirmed", None)]
    assert free_seats(priced) == 9


# ── Attempts and the archive ────────────────────────────────────────────────
def test_forged_attempts_are_logged(priced):
    attempt = {"event_id": priced, "result": "failed", "failure_reason": "sold_out"}
    stamp(connection)
    insert("booking_attempts", **attempt)
    assert not AuditLog.objects.filter(table_name="booking_attempts").exists()

    run("SET LOCAL evently.signature = ''")
    forged = insert("booking_attempts", attempted_at="2001-01-01", **attempt)
    (row,) = AuditLog.objects.filter(table_name="booking_attempts")
    assert (row.action, row.row_id, row.signed) == ("insert", forged, False)


def test_attempt_has_a_consistent_outcome(priced, booking):
    success = {"event_id": priced, "result": "success", "booking_id": booking, "quantity": 2}
    row = insert("booking_attempts", **success)
    insert("booking_attempts", event_id=priced, result="failed", failure_reason="sold_out")
    for columns in ({"failure_reason": "x"}, {"booking_id": None}, {"result": "failed"}):
        with refused("chk_attempt_outcome"):
            insert("booking_attempts", **(success | columns))
    with refused("chk_attempt_outcome"):
        insert("booking_attempts", **(success | {"result": "perhaps"}))
    for name, columns in (
        ("booking_attempts_pkey", {"id": row}),
        ("fk_booking_attempts_event", {"event_id": UNKNOWN_ID}),
        ("fk_booking_attempts_booking", {"booking_id": UNKNOWN_ID}),
        ("fk_booking_attempts_user", {"user_id": UNKNOWN_ID}),
    ):
        with refused(name):
            insert("booking_attempts", **(success | columns))


def test_archive_references_users_and_events(priced, booking):
    columns = "id, event_id, user_id, quantity, total_amount, booking_reference, unit_price"
    run(f"INSERT INTO bookings_archive ({columns}) SELECT {columns} FROM bookings")
    run("DELETE FROM bookings")
    with refused("fk_bookings_archive_event"):
        run("DELETE FROM events WHERE id = %s", priced)
    for name, change in (
        ("bookings_archive_pkey", "id"),
        ("unq_archived_reference", "evently_uuid7()"),
    ):
        with refused(name):
            run(
                f"INSERT INTO bookings_archive ({columns}) SELECT {change},"
                f" {columns.removeprefix('id, ')} FROM bookings_archive"
            )
    for name, change in (
        ("bookings_archive_quantity_check", "quantity = -1"),
        ("bookings_archive_version_check", "version = -1"),
        ("fk_bookings_archive_user", "user_id = evently_uuid7()"),
    ):
        with refused(name):
            run(f"UPDATE bookings_archive SET {change}")
    run("DELETE FROM users WHERE id = (SELECT user_id FROM bookings_archive)")
    assert value("SELECT count(*) FROM bookings_archive") == 0


# ── Deleting users ──────────────────────────────────────────────────────────
def test_deleting_a_user_deletes_bookings_tickets_and_attempts(priced, booking):
    insert("booking_attempts", event_id=priced, result="success", booking_id=booking, quantity=2)
    run("DELETE FROM users WHERE id = (SELECT user_id FROM bookings)")
    for table in ("bookings", "tickets", "booking_attempts"):
        assert value(f"SELECT count(*) FROM {table}") == 0
    assert free_seats(priced) == 10


def test_audit_log_records_bookings_payments_and_tickets(priced, booking):
    """trg_audit_insert, trg_audit_update, trg_audit_delete."""
    insert(
        "payments",
        event_id=priced,
        booking_id=booking,
        amount=20,
        currency="EUR",
        status="succeeded",
        provider_reference="one",
    )
    run("UPDATE payments SET amount = 21")
    run("UPDATE tickets SET holder_name = %s", SEALED)
    run("DELETE FROM payments")
    run("UPDATE bookings SET status = 'cancelled'")
    run("DELETE FROM bookings")
    rows = run(
        "SELECT table_name, action, count(*) FROM audit_log"
        " WHERE table_name IN ('bookings', 'payments', 'tickets')"
        " GROUP BY 1, 2 ORDER BY 1, 2"
    )
    assert rows == [
        ("bookings", "delete", 1),
        ("bookings", "insert", 1),
        ("bookings", "update", 1),
        ("payments", "delete", 1),
        ("payments", "insert", 1),
        ("payments", "update", 1),
        ("tickets", "delete", 2),
        ("tickets", "update", 4),
    ]


# ── The key of booking references ───────────────────────────────────────────
@pytest.mark.parametrize(
    ("constraint", "single"),
    [("booking_reference_key_pkey", True), ("booking_reference_key_single_check", False)],
)
def test_there_is_one_reference_key(constraint, single):
    """Tested as the owner, since the application's role has no access to it."""
    with pytest.raises(psycopg.IntegrityError) as refusal, as_owner() as owner:
        owner.execute(
            "INSERT INTO secrets.booking_reference_key (single, key) VALUES (%s, 'guessed')",
            [single],
        )
    assert_refused(refusal.value, constraint)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT key FROM secrets.booking_reference_key",
        "INSERT INTO secrets.booking_reference_key (key) VALUES ('guessed')",
        "UPDATE secrets.booking_reference_key SET key = 'guessed'",
        "DELETE FROM secrets.booking_reference_key",
    ],
)
def test_application_role_has_no_access_to_the_reference_key(statement):
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        run(statement)


@pytest.mark.parametrize(
    "change",
    [
        "result = 'success', failure_reason = NULL",
        "failure_reason = 'another'",
        "quantity = 7",
        "attempted_at = now() - interval '1 day'",
        "ip_address = '192.0.2.9'",
        "user_agent = 'another'",
    ],
)
def test_attempt_stays_as_it_was_made(priced, change):
    insert(
        "booking_attempts",
        event_id=priced,
        result="failed",
        failure_reason="sold_out",
        ip_address="192.0.2.1",
        user_agent="browser",
    )
    with refused("trg_attempt_frozen"):
        run(f"UPDATE booking_attempts SET {change}")
    run("UPDATE booking_attempts SET ip_address = NULL, user_agent = ''")
