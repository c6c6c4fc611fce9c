"""Migrating leaves policies and privileges alone that are as they should be, and waits briefly."""

import re
from threading import Event, Thread

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from evently.database.grants import grant_to_application
from evently.row_security import applying
from tests.upgrade.restoring import connect

CHANGES = re.compile(r"(?:^|;)\s*(CREATE|ALTER|DROP|GRANT|REVOKE|COMMENT)\b")
# They exist, so nothing happens.
NO_CHANGES = "CREATE SCHEMA IF NOT EXISTS"
# Which version of their rows is in the catalog: a privilege that is given again makes a new one.
CATALOG = """
    SELECT 'pg_class', oid, xmin::text FROM pg_class
    WHERE relnamespace IN ('public'::regnamespace, 'keys'::regnamespace)
    UNION ALL SELECT 'pg_proc', oid, xmin::text FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT 'pg_policy', oid, xmin::text FROM pg_policy
    UNION ALL SELECT 'pg_namespace', oid, xmin::text FROM pg_namespace
    UNION ALL SELECT 'pg_database', oid, xmin::text FROM pg_database
    WHERE datname = current_database()
"""
POLICY = "evently_attendee_select"
COMMENT = f"""
    SELECT obj_description(oid, 'pg_policy') FROM pg_policy
    WHERE polname = '{POLICY}' AND polrelid = 'bookings'::regclass
"""
OUTDATED = f"COMMENT ON POLICY {POLICY} ON bookings IS 'of an earlier release'"
# Privileges, policies and what protects the rows of some tables, a view and a function.
RIGHTS = """
    SELECT c.relname::text, a.attname::text, e.grantee::regrole::text, e.privilege_type
    FROM pg_class c
    CROSS JOIN LATERAL (
        SELECT NULL::name AS attname, relacl AS acl
        UNION ALL SELECT t.attname, t.attacl FROM pg_attribute t WHERE t.attrelid = c.oid
    ) a, aclexplode(a.acl) e
    WHERE c.relname IN ('bookings', 'users', 'bookings_with_archived', 'notifications_default',
        'django_admin_log_id_seq')
    UNION ALL SELECT relname::text, relrowsecurity::text, reloptions::text, '' FROM pg_class
    WHERE relname IN ('bookings', 'bookings_with_archived')
    UNION ALL SELECT polname::text, polcmd::text, '', '' FROM pg_policy
    WHERE polrelid = 'bookings'::regclass
    UNION ALL SELECT proname::text, '', e.grantee::regrole::text, e.privilege_type
    FROM pg_proc, aclexplode(proacl) e WHERE proname = 'evently_managed_by'
    UNION ALL SELECT nspname::text, '', e.grantee::regrole::text, e.privilege_type
    FROM pg_namespace, aclexplode(nspacl) e WHERE nspname = 'keys'
    ORDER BY 1, 2, 3, 4
"""
BY_HAND = [
    "GRANT DELETE ON bookings TO evently_attendee",
    "REVOKE SELECT ON bookings FROM evently_attendee",
    "GRANT UPDATE (role) ON users TO evently_attendee",
    "REVOKE UPDATE (name) ON users FROM evently_attendee",
    "GRANT EXECUTE ON FUNCTION evently_managed_by(uuid) TO PUBLIC",
    "REVOKE EXECUTE ON FUNCTION evently_managed_by(uuid) FROM evently_worker",
    "ALTER VIEW bookings_with_archived SET (security_invoker = false)",
    "GRANT SELECT ON bookings_with_archived TO evently_visitor",
    "REVOKE USAGE ON SCHEMA keys FROM evently_organizer",
    "REVOKE USAGE ON SEQUENCE django_admin_log_id_seq FROM evently_organizer",
    f"DROP POLICY {POLICY} ON bookings",
    "CREATE POLICY careless ON bookings FOR SELECT TO evently_attendee USING (true)",
    "ALTER TABLE bookings DISABLE ROW LEVEL SECURITY",
]


def catalog(name):
    with connect(name) as database:
        return set(database.execute(CATALOG).fetchall())


def comment(name):
    with connect(name) as database:
        return database.execute(COMMENT).fetchone()[0]


def migrate():
    try:
        call_command("migrate", verbosity=0)
    finally:
        connections["owner"].close()


def test_migrating_with_nothing_to_do_changes_nothing(copy_of_upgraded):
    grant_to_application("owner")  # a copy of a database has not its privileges
    before, statements = catalog(copy_of_upgraded), []

    def note(execute, sql, params, many, context):
        statements.append(str(sql))
        return execute(sql, params, many, context)

    with connections["owner"].execute_wrapper(note):
        call_command("migrate", verbosity=0)

    assert [one for one in statements if CHANGES.search(one.replace(NO_CHANGES, ""))] == []
    assert catalog(copy_of_upgraded) == before


def test_what_was_changed_by_hand_is_put_right(copy_of_upgraded):
    with connect(copy_of_upgraded) as database:
        before = database.execute(RIGHTS).fetchall()
        for change in BY_HAND:
            database.execute(change)
            assert database.execute(RIGHTS).fetchall() != before, change

            applying.apply("owner")

            assert database.execute(RIGHTS).fetchall() == before, change


def test_a_policy_that_changes_waits_for_readers_and_holds_up_no_others(
    copy_of_upgraded, monkeypatch
):
    monkeypatch.setattr(applying, "PAUSE_SECONDS", 0.05)
    current = comment(copy_of_upgraded)
    others, failures = Event(), []

    def read():
        try:
            for _ in range(20):
                with connect(copy_of_upgraded) as other:
                    other.execute("SET lock_timeout = '20s'")
                    other.execute("SELECT FROM bookings LIMIT 1")
        except psycopg.Error as error:
            failures.append(error)
        others.set()

    with connect(copy_of_upgraded) as reader:
        reader.execute(OUTDATED)
        reader.execute("BEGIN; SELECT FROM bookings LIMIT 1")
        migrating = Thread(target=migrate)
        reading = Thread(target=read)
        migrating.start()
        reading.start()
        # While the first reader still has the table.
        assert others.wait(60)
        assert migrating.is_alive()
        reader.execute("COMMIT")
        migrating.join()
        reading.join()

    assert failures == []
    assert comment(copy_of_upgraded) == current


def test_a_table_that_stays_held_is_named(copy_of_upgraded, monkeypatch):
    monkeypatch.setattr(applying, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(applying, "ATTEMPTS", 2)
    current = comment(copy_of_upgraded)
    with connect(copy_of_upgraded) as reader:
        reader.execute(OUTDATED)
        reader.execute("BEGIN; SELECT FROM bookings LIMIT 1")
        with pytest.raises(CommandError, match="policies of bookings were not changed"):
            call_command("migrate", verbosity=0)
        reader.execute("COMMIT")

    call_command("migrate", verbosity=0)

    assert comment(copy_of_upgraded) == current
