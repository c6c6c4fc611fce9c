"""The database's roles: their policies and privileges are those that the apps declare."""

import pytest
from django.db import (
    ProgrammingError,
)

from bookings.factories import BookingFactory
from evently.accounts.factories import UserFactory
from evently.database.grants import application_role
from evently.database.identity import DatabaseRole, Identity, acting_as, as_worker, attendee
from evently.row_security import applying
from evently.row_security.tables import declared, views
from evently.tests.database import as_owner_at_once
from evently.tests.sql import run
from events.factories import EventFactory
from tests.role_rights import VIEWS
from tests.walked_rows import TABLES

pytestmark = pytest.mark.django_db(transaction=True)

ROLES = [role.value for role in DatabaseRole]
SECURED = """
    SELECT CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('public', 'keys') AND c.relkind IN ('r', 'p') AND c.relrowsecurity
"""
POLICIES = """
    SELECT CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname,
        p.polname, p.polroles::regrole[]::text[], p.polcmd::text, p.polpermissive,
        obj_description(p.oid, 'pg_policy')
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
"""
# Everything that can be read, of all schemas but the server's own.
READABLE = r"""
    SELECT n.nspname || '.' || c.relname, c.relkind::text, r.role
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN unnest(%s::text[]) AS r (role)
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema'
        AND n.nspname !~ '^pg_'
        AND (has_table_privilege(r.role, c.oid,
                'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER, MAINTAIN')
            OR has_any_column_privilege(r.role, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'))
"""
BEYOND_ROWS = """
    SELECT c.oid::regclass::text, r.role FROM pg_class c
    CROSS JOIN unnest(%s::text[]) AS r (role)
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace::regnamespace::text IN ('public', 'keys')
        AND has_table_privilege(r.role, c.oid, 'TRUNCATE, REFERENCES, TRIGGER, MAINTAIN')
"""
COMMANDS = {"r": "select", "a": "insert", "w": "update", "d": "delete", "*": "all"}

# The functions that run with the owner's rights and that any role may call, and what they give.
OF_ALL = {
    "audit_signed()": "whether this transaction was signed by the application",
    "evently_erasure_receipt(uuid)": "the receipt of an erasure, by an id that cannot be guessed",
    "evently_first_start(date)": "when the first event on a day began, of all events",
    "evently_is_mine(uuid)": "whether a person is at the caller's own events",
    "evently_is_published(uuid)": "whether an event is public",
    "evently_manages(uuid)": "whether an event is the caller's own",
    "evently_next_price(uuid)": "the next rise of a public event's price that it announces",
    "evently_organizer(uuid)": "the organizer of an event that the caller sees, as public as it is",
    "evently_organizer_state(uuid)": "versions of a public event's organizer, nothing about them",
    "evently_priced(numeric,numeric,integer)": "public events in a range of prices, if few",
    "evently_quoted_seats(uuid,uuid[])": "how many seats were booked with quotes",
    "evently_retiring()": "whether this transaction archives rows",
    "evently_received_message(uuid,uuid)": "what a message says that the caller was sent",
    "evently_received_messages(uuid,uuid)": "which messages about an event the caller was sent",
    "evently_sale_refusal(events,integer,uuid,text,integer)": "why a sale would be refused",
    "evently_seats_returned(uuid,timestamp with time zone)": "a number of seats",
    "evently_waiting(uuid)": "how many entries wait",
    "evently_waitlists(uuid[])": "how many entries wait, and the fewest seats that one accepts",
}
# Those that the worker alone may call.
OF_THE_WORKER = {
    "evently_archive_bookings(uuid)",
    "evently_archive_waitlist(uuid)",
    "evently_compress_prices(uuid)",
    "evently_drop_notification_partition()",
    "evently_expire(text,integer)",
    "evently_make_notification_partitions(integer)",
    "evently_managed_by(uuid)",
    "evently_move_to_cold(uuid,uuid[],text[])",
    "evently_restore_from_cold(uuid,jsonb)",
    "evently_rotate_pseudonyms()",
}
# Superusers erase people at once.
OF_ERASING = {"evently_forget_in_trail(uuid)"}
# They say nothing to an organizer about the events of others.
OF_ORGANIZERS = {"evently_attendees(uuid)"}
CALLABLE = """
    SELECT p.oid::regprocedure::text, array_agg(r.role) FROM pg_proc p
    CROSS JOIN unnest(%s::text[]) AS r (role)
    WHERE p.prosecdef AND p.prorettype <> 'trigger'::regtype
        AND p.pronamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
        AND has_function_privilege(r.role, p.oid, 'EXECUTE')
    GROUP BY p.oid
"""
# Without a path of their own, they would find what the caller puts in their way.
WITHOUT_PATH = """
    SELECT p.oid::regprocedure::text FROM pg_proc p
    WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
        AND NOT EXISTS (SELECT FROM unnest(p.proconfig) AS c (setting)
            WHERE setting LIKE 'search_path=%pg_temp')
"""


def tables():
    """Return all tables, and of these the partitions."""
    found = as_owner_at_once(TABLES)
    return {name for name, _ in found}, {name for name, is_partition in found if is_partition}


# What is declared, and what the database has


def test_each_table_has_rules_and_is_secured():
    existing, partitions = tables()
    rules = declared()

    assert existing - partitions == rules.keys() - partitions
    assert views().keys() == VIEWS.keys()
    secured = {name for (name,) in as_owner_at_once(SECURED)}
    assert secured == {name for name, table in rules.items() if table.by_rows} | partitions


def test_policies_are_those_that_are_declared_and_no_others():
    wanted = {
        (table.name, name): applying._digest(definition)
        for table in declared().values()
        if table.by_rows
        for name, definition in applying._wanted(table)
    }

    found = {}
    for table, name, roles, command, is_permissive, comment in as_owner_at_once(POLICIES):
        found[table, name] = comment
        assert is_permissive, (table, name)
        assert roles == [name.rpartition("_")[0]], (table, name)
        assert COMMANDS[command] == name.rpartition("_")[2], (table, name)
    assert found == wanted


def test_no_role_reaches_anything_else():
    rules = declared()
    for name, kind, role in run(READABLE, ROLES):
        table = name.removeprefix("public.")
        assert table in rules or table in VIEWS, f"{role} may use {name}, which has no rules"
        if kind not in ("r", "p"):
            assert table in VIEWS, f"{name} is a view: tests/role_rights.py says of which tables"
    assert run(BEYOND_ROWS, ROLES) == []
    # Otherwise a view would read with the rights of its owner, whom no policy holds.
    invoking = run(
        "SELECT relname FROM pg_class WHERE relname = ANY (%s)"
        " AND reloptions @> '{security_invoker=true}'",
        list(VIEWS),
    )
    assert {name for (name,) in invoking} == VIEWS.keys()


def test_roles_are_lent_without_their_rights():
    rows = as_owner_at_once(
        "SELECT r.rolname, m.inherit_option, m.set_option, m.admin_option, r.rolcanlogin,"
        " r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb"
        " FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid"
        f" WHERE m.member = '{application_role()}'::regrole"
    )
    assert sorted(rows) == [(role, False, True, False, False, False) for role in sorted(ROLES)]
    # A role that the owner had would put every function of the owner under its policies.
    assert (
        as_owner_at_once(
            "SELECT r.rolname FROM pg_roles r WHERE r.rolname LIKE 'evently%'"
            " AND r.rolname <> current_user AND pg_has_role(current_user, r.oid, 'USAGE')"
            " AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"
        )
        == []
    )


def test_functions_of_the_owner_that_roles_may_call_are_listed():
    found = {name: sorted(roles) for name, roles in run(CALLABLE, ROLES)}

    everybody, worker = sorted(ROLES), [DatabaseRole.WORKER]
    erasing = [DatabaseRole.SUPERUSER, DatabaseRole.WORKER]
    assert found == (
        dict.fromkeys(OF_ALL, everybody)
        | dict.fromkeys(OF_THE_WORKER, worker)
        | dict.fromkeys(OF_ERASING, erasing)
        | {name: [DatabaseRole.ORGANIZER, *erasing] for name in OF_ORGANIZERS}
    )
    assert run(WITHOUT_PATH) == []


def test_attendees_are_told_to_who_manages_the_event():
    mine, other = EventFactory(), EventFactory()
    bookings = [BookingFactory(event=event) for event in (mine, mine, other)]
    manager, superuser = UserFactory(), UserFactory()
    told = {
        Identity(DatabaseRole.ORGANIZER, mine.created_by_id): {mine},
        Identity(DatabaseRole.ORGANIZER, manager.pk, (other.pk,)): {other},
        Identity(DatabaseRole.ORGANIZER, manager.pk): set(),
        Identity(DatabaseRole.SUPERUSER, superuser.pk): {mine, other},
        Identity(DatabaseRole.WORKER): {mine, other},
    }
    for identity, events in told.items():
        for event in (mine, other):
            with acting_as(identity):
                rows = run("SELECT booking, person, name FROM evently_attendees(%s)", event.pk)
            expected = {
                (one.pk, one.user_id, one.user.sealed_name)
                for one in bookings
                if one.event_id == event.pk and event in events
            }
            assert set(rows) == expected, identity
    for identity in (Identity(DatabaseRole.VISITOR), attendee(bookings[0].user_id)):
        with acting_as(identity), pytest.raises(ProgrammingError, match="permission denied"):
            run("SELECT FROM evently_attendees(%s)", mine.pk)


# Columns


@pytest.mark.parametrize(
    "change", ["is_superuser = true", "role = 'admin'", "is_active = true", "created_at = now()"]
)
def test_nobody_promotes_themselves(change):
    user = UserFactory()
    for role in (DatabaseRole.ATTENDEE, DatabaseRole.ORGANIZER):
        with acting_as(Identity(role, user.pk)):
            assert run("SELECT count(*) FROM users WHERE id = %s", user.pk) == [(1,)]
            with pytest.raises(ProgrammingError, match="permission denied"):
                run(f"UPDATE users SET {change} WHERE id = %s", user.pk)


def test_a_row_of_ones_own_cannot_be_given_away():
    mine, other = UserFactory(), UserFactory()
    with as_worker():
        run(
            "INSERT INTO idempotency_keys (user_id, key, method, path, body_digest)"
            " VALUES (%s, 'k', 'POST', '/', 'd')",
            mine.pk,
        )
    with acting_as(attendee(mine.pk)), pytest.raises(ProgrammingError, match="row-level security"):
        run("UPDATE idempotency_keys SET user_id = %s", other.pk)
