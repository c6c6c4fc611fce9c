"""Makes privileges and policies of what the apps declare, after each migration.

What is as it should be is left alone: changing a policy keeps everybody from the table for a
moment, and changing a privilege lets each connection plan its statements anew. A policy bears the
hash of its definition as its comment. Policies that nothing declares any more are dropped.

A change of a policy waits for whoever reads the table, and all others wait behind it. So it waits
briefly, and tries again.
"""

import time
from collections.abc import Iterable, Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.core.management import CommandError
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.errors import LockNotAvailable

from evently.database.grants import application_role
from evently.row_security import privileges, roles
from evently.row_security.tables import Table, declared, policies_of, quoted

SCHEMAS = privileges.SCHEMAS
TABLES = """
    SELECT CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname,
        c.relrowsecurity, c.relispartition
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY (%s) AND c.relkind IN ('r', 'p')
"""
POLICIES = """
    SELECT CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname,
        p.polname, coalesce(obj_description(p.oid, 'pg_policy'), '')
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY (%s)
"""
# Made by the last of the migrations that policies depend on.
LAST_FUNCTION = "evently_is_mine(uuid)"
IS_OPEN = """
    SELECT has_table_privilege(%(login)s, oid, 'SELECT')
        AND NOT pg_has_role(%(login)s, relowner, 'USAGE')
    FROM pg_class WHERE oid = 'public.users'::regclass
"""
# The policy under which the bare login sees all rows, as releases before the roles work.
LOGIN_POLICY = "evently_login"
# How long a change of policies may keep others waiting, and how often it is tried.
LOCK_WAIT = timedelta(milliseconds=250)
ATTEMPTS = 60
PAUSE_SECONDS = 1.0
HELD = (
    "The policies of {table} were not changed: other transactions held the table each of the "
    "{attempts} times that this was tried. What was changed before stays, and the next run "
    "continues from there. Run the command again; if it fails again, docs/running.md says how to "
    "find what holds the lock."
)


def apply(using: str, **kwargs: Any) -> None:
    """Bring roles, privileges and policies up to date, as the owner."""
    connection = connections[using]
    login = application_role()
    roles.ensure(connection, login)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regprocedure(%s) IS NOT NULL", [LAST_FUNCTION])
        if not cursor.fetchone()[0]:
            return  # on the way back to a release without roles
        cursor.execute(TABLES, [list(SCHEMAS)])
        existing = {name: (secured, partition) for name, secured, partition in cursor.fetchall()}
        cursor.execute(POLICIES, [list(SCHEMAS)])
        found: dict[str, dict[str, str]] = {}
        for table, policy, comment in cursor.fetchall():
            found.setdefault(table, {})[policy] = comment
    tables = [table for name, table in declared().items() if name in existing]
    login_open = is_open(connection, login)
    for table in tables:
        if table.by_rows:
            wanted = dict(_wanted(table))
            if login_open:
                name = connection.ops.quote_name(login)
                wanted[LOGIN_POLICY] = f"FOR ALL TO {name} USING (true) WITH CHECK (true)"
            is_secured, _ = existing[table.name]
            _apply_to(
                connection, table.name, wanted, found.get(table.name, {}), is_secured=is_secured
            )
    for name, (is_secured, is_partition) in existing.items():
        if is_partition and not is_secured:
            # Read directly, a partition would show what its table hides.
            _change(connection, name, [f"ALTER TABLE {quoted(name)} ENABLE ROW LEVEL SECURITY"])
    # Last: without its policies, a new table would show all that a role may ask for.
    privileges.apply(connection, tables, login if login_open else None)


def is_open(connection: BaseDatabaseWrapper, login: str) -> bool:
    """Return whether the application's login still reads tables without taking a role.

    Releases before the roles work so; where one login does everything, it owns the tables.
    """
    with connection.cursor() as cursor:
        cursor.execute(IS_OPEN, {"login": login})
        return bool(cursor.fetchone()[0])


def close_login(using: str) -> bool:
    """Take all rights of its own from the application's login; return whether it had some."""
    connection, login = connections[using], application_role()
    if not is_open(connection, login):
        return False
    name, schemas = connection.ops.quote_name(login), ", ".join(SCHEMAS)
    privileges.run(
        connection,
        [
            f"REVOKE ALL ON ALL TABLES IN SCHEMA {schemas} FROM {name}",
            f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schemas} FROM {name}",
            f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM {name}",
            f"REVOKE ALL ON SCHEMA keys FROM {name}",
        ],
    )
    apply(using)
    return True


def _apply_to(
    connection: BaseDatabaseWrapper,
    table: str,
    wanted: Mapping[str, str],
    found: Mapping[str, str],
    *,
    is_secured: bool,
) -> None:
    name = quoted(table)
    todo = [] if is_secured else [f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY"]
    for policy, comment in found.items():
        if _digest(wanted.get(policy, "")) != comment:
            todo.append(f"DROP POLICY {policy} ON {name}")
    for policy, definition in wanted.items():
        if found.get(policy) != _digest(definition):
            todo.append(f"CREATE POLICY {policy} ON {name} {definition}")
            todo.append(f"COMMENT ON POLICY {policy} ON {name} IS '{_digest(definition)}'")
    _change(connection, table, todo)


def _change(connection: BaseDatabaseWrapper, table: str, statements: list[str]) -> None:
    """Change a table that others use, in one transaction. Raises CommandError if it stays held."""
    if not statements:
        return
    briefly = f"SET LOCAL lock_timeout = {LOCK_WAIT // timedelta(milliseconds=1)}"
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(PAUSE_SECONDS)
        try:
            privileges.run(connection, [briefly, *statements])
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
        else:
            return
    raise CommandError(HELD.format(table=table, attempts=ATTEMPTS))


def _wanted(table: Table) -> Iterable[tuple[str, str]]:
    """Yield name and definition of each policy of a table."""
    for name, role, verb, condition in policies_of(table):
        using = "" if verb == "insert" else f" USING ({condition})"
        check = "" if verb in ("select", "delete") else f" WITH CHECK ({condition})"
        yield name, f"FOR {verb.upper()} TO {role}{using}{check}"


def _digest(definition: str) -> str:
    return sha256(definition.encode()).hexdigest()[:16]
