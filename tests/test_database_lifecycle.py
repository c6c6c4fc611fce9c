"""The database's own rules about archives and cold storage, tested in SQL around Django."""

from datetime import timedelta

import psycopg
import pytest
from django.db import transaction

from evently.tests.database import as_owner
from evently.tests.rows import (
    book,
    end_offer,
    event,
    free_seats,
    full_event,
    insert,
    offer,
    person,
    wait,
)
from evently.tests.sql import assert_refused, refused, run, value

pytestmark = pytest.mark.django_db

SHA = "a" * 64


def cold_file(**columns):
    given = {
        "table_name": "bookings_archive",
        "month": "2024-01-01",
        "name": "file",
        "delete_after": value("SELECT evently_clock() + interval '1 year'"),
    }
    return insert("cold_files", **(given | columns))


def test_file_is_listed_as_being_written_first():
    with refused("trg_cold_kept"):
        cold_file(
            state="stored", stored_at=value("SELECT now()"), rows=1, sha256=SHA, signature="s"
        )
    file = cold_file()
    with refused("unq_cold_file"):
        cold_file()
    with refused("cold_files_pkey"):
        cold_file(id=file, name="another")
    with refused("chk_cold_state"):
        run("UPDATE cold_files SET stored_at = now()")
    with refused("trg_cold_kept"):
        run("UPDATE cold_files SET state = 'stored', stored_at = now()")
    run("UPDATE cold_files SET rows = 2, sha256 = %s, signature = 's'", SHA)
    run("DELETE FROM cold_files")


def test_stored_file_has_rows_checksum_and_signature():
    """The trigger comes before the constraint, which stands for the owner."""
    with as_owner() as owner:
        owner.execute("ALTER TABLE cold_files DISABLE TRIGGER trg_cold_file_kept")
        with pytest.raises(psycopg.IntegrityError) as caught:
            owner.execute(
                "INSERT INTO cold_files (table_name, month, name, delete_after, state, stored_at)"
                " VALUES ('a', now(), 'b', now(), 'stored', now())"
            )
        assert_refused(caught.value, "chk_cold_checked")
        owner.rollback()


def test_only_rows_of_a_listed_file_go_to_cold_storage():
    booking = insert(
        "bookings_archive",
        user_id=person(),
        event_id=event(),
        quantity=1,
        total_amount=0,
        status="confirmed",
        booking_reference="EVT1",
        ended_at=value("SELECT now() - interval '3 years'"),
    )
    ((version,),) = run("SELECT xmin::text FROM bookings_archive")
    move = "SELECT evently_move_to_cold(%s, %s, %s)"

    with refused("trg_cold_state"):
        run(move, booking, [booking], [version])
    unchecked = cold_file(rows=1, name="unchecked")
    with refused("trg_cold_state"):
        run(move, unchecked, [booking], [version])
    other = cold_file(rows=1, name="other", table_name="users", sha256=SHA, signature="s")
    with refused("trg_retention_rule"):
        run(move, other, [booking], [version])
    file = cold_file(rows=1, sha256=SHA, signature="s")
    with refused("trg_cold_changed"):
        run(move, file, [booking], ["1"])
    run("UPDATE bookings_archive SET ended_at = now() - interval '700 days'")
    ((version,),) = run("SELECT xmin::text FROM bookings_archive")
    with refused("trg_cold_changed"):
        run(move, file, [booking], [version])
    run("UPDATE bookings_archive SET ended_at = now() - interval '3 years'")
    ((version,),) = run("SELECT xmin::text FROM bookings_archive")
    run(move, file, [booking], [version])

    with refused("trg_cold_kept"):
        run("UPDATE cold_files SET rows = 2")
    with refused("trg_cold_kept"):
        run("DELETE FROM cold_files WHERE id = %s", file)
    with refused("trg_cold_state"):
        run("SELECT evently_restore_from_cold(%s, '[{}]')", unchecked)
    with refused("trg_retention_rule"):
        run("SELECT evently_restore_from_cold(%s, '[]')", file)


def test_audit_log_is_deleted_only_once_it_is_in_cold_storage(clock):
    event()
    row = value("SELECT id FROM audit_log LIMIT 1")
    for statement in ("DELETE FROM audit_log", "UPDATE audit_log SET actor = 'another'"):
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            run(statement)
    with as_owner() as owner:
        with pytest.raises(psycopg.Error) as caught:
            owner.execute("DELETE FROM audit_log")
        assert_refused(caught.value, "trg_append_only")
        owner.rollback()
    file = cold_file(rows=1, table_name="audit_log", sha256=SHA, signature="s")
    version = value("SELECT xmin::text FROM audit_log WHERE id = %s", row)
    move = "SELECT evently_move_to_cold(%s, %s, %s)"
    with refused("trg_cold_changed"):
        run(move, file, [row], [version])
    clock.move(timedelta(days=732))
    run(move, file, [row], [version])
    assert value("SELECT count(*) FROM audit_log WHERE id = %s", row) == 0


def test_application_cannot_pretend_to_be_the_lifecycle():
    for statement in (
        "SELECT evently_retire('cold')",
        "INSERT INTO secrets.retiring VALUES (pg_current_xact_id(), 'cold')",
        "UPDATE secrets.retention SET period = '1 day'",
        "SELECT evently_log_retired('users', evently_uuid7(), NULL, 'x', '{}')",
        "UPDATE archived_totals SET seats = 0",
    ):
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            run(statement)
    run("SET evently.retiring = 'cold'")
    assert value("SELECT evently_retiring()") is None


def test_bookings_stay_while_offers_of_their_event_are_not_archived(clock):
    event_id, booking = full_event(capacity=4)
    entry = wait(event_id)
    run("UPDATE bookings SET quantity = 3, total_amount = 0")
    end_offer(offer(entry), "expired")
    clock.move(timedelta(days=400))
    run("UPDATE events SET status = 'completed'")

    with refused("trg_archive_offers"):
        run("SELECT evently_archive_bookings(%s)", event_id)
    assert value("SELECT count(*) FROM bookings WHERE id = %s", booking) == 1
    run("SELECT evently_archive_waitlist(%s)", event_id)
    run("SELECT evently_archive_bookings(%s)", event_id)
    assert value("SELECT count(*) FROM bookings WHERE id = %s", booking) == 0


def test_seats_of_an_archived_booking_are_given_back_with_its_user(clock):
    event_id, user_id = event(), person()
    book(event_id, 3, user_id)
    clock.move(timedelta(days=400))
    run("UPDATE events SET status = 'completed'")
    run("SELECT evently_archive_bookings(%s)", event_id)
    assert free_seats(event_id) == 7

    run("DELETE FROM users WHERE id = %s", user_id)

    assert free_seats(event_id) == 10
    assert value("SELECT count(*) FROM bookings_archive") == 0


def test_archived_entries_have_ended_and_belong_to_users_and_events():
    columns = {
        "user_id": person(),
        "event_id": event(),
        "quantity": 1,
        "joined_at": value("SELECT now()"),
        "ended_at": value("SELECT now()"),
        "status": "left",
    }
    entry = insert("waitlists_archive", **columns)
    for constraint, changes in {
        "chk_archived_entry_status": {"status": "waiting"},
        "waitlists_archive_quantity_check": {"quantity": -1},
        "waitlists_archive_pkey": {"id": entry},
        "fk_waitlists_archive_user": {"user_id": entry},
        "fk_waitlists_archive_event": {"event_id": entry},
    }.items():
        with refused(constraint):
            insert("waitlists_archive", **(columns | changes))


OWNER_REFUSED = {
    "chk_retiring_mode": "INSERT INTO secrets.retiring VALUES (pg_current_xact_id(), 'x')",
    "retiring_pkey": "INSERT INTO secrets.retiring SELECT pg_current_xact_id(), 'cold'"
    " FROM generate_series(1, 2)",
    "chk_retention_how": "UPDATE secrets.retention SET how = 'x'",
    "chk_retention_period": "UPDATE secrets.retention SET period = '0'",
    "retention_pkey": "INSERT INTO secrets.retention SELECT * FROM secrets.retention",
    "archived_totals_pkey": "INSERT INTO archived_totals (id, event_id, status, bookings, seats,"
    " amount) SELECT '01a21e84-cf5c-70b0-8755-8d2bffe1a997', id, s, 1, 1, 1 FROM events,"
    " unnest(ARRAY['confirmed', 'cancelled']) s",
    "unq_archived_totals": "INSERT INTO archived_totals (event_id, status, bookings, seats,"
    " amount) SELECT id, 'confirmed', 1, 1, 1 FROM events, generate_series(1, 2)",
    "fk_archived_totals_event": "INSERT INTO archived_totals (event_id, status, bookings, seats,"
    " amount) VALUES (evently_uuid7(), 'confirmed', 1, 1, 1)",
}


@pytest.mark.parametrize("constraint", OWNER_REFUSED)
def test_owner_is_refused(constraint):
    with as_owner() as owner:
        owner.execute(
            "WITH u AS (INSERT INTO users (email, name) VALUES ('sealed:v1:' || repeat('x', 40),"
            " 'sealed:v1:' || repeat('x', 40)) RETURNING id)"
            " INSERT INTO events (name, venue, total_capacity, created_by_id, event_date)"
            " SELECT 'a', 'b', 1, id, now() + interval '1 day' FROM u"
        )
        with pytest.raises(psycopg.Error) as caught:
            owner.execute(OWNER_REFUSED[constraint])
            owner.execute("SET CONSTRAINTS ALL IMMEDIATE")
        assert_refused(caught.value, constraint)
        owner.rollback()
