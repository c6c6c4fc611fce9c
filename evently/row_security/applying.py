"""Makes privileges and policies of what the apps declare, after each migration.

A policy bears the hash of its definition as its comment: what has not changed is left alone, since
changing it locks the table for a moment. Policies that nothing declares any more are dropped.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from evently.database.grants import application_role
from evently.database.identity import Role
from evently.row_security import roles
from evently.row_security.tables import (
    VERBS,
    Table,
    declared,
    policies_of,
    restricted_functions,
    views,
)

SCHEMAS = ("public", "keys")
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
    _grant(connection, tables)
    _grant_views(connection)
    _restrict(connection, login if is_open(connection, login) else None)
    for table in tables:
        if table.by_rows:
            wanted = dict(_wanted(table))
            if is_open(connection, login):
                name = connection.ops.quote_name(login)
                wanted[LOGIN_POLICY] = f"FOR ALL TO {name} USING (true) WITH CHECK (true)"
            is_secured, _ = existing[table.name]
            _apply_to(
                connection, table.name, wanted, found.get(table.name, {}), is_secured=is_secured
            )
    for name, (is_secured, is_partition) in existing.items():
        if is_partition and not is_secured:
            # Read directly, a partition would show what its table hides.
            _run(connection, [f"ALTER TABLE {quoted(name)} ENABLE ROW LEVEL SECURITY"])


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
    _run(
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
    _run(connection, todo)


def _wanted(table: Table) -> Iterable[tuple[str, str]]:
    """Yield name and definition of each policy of a table."""
    for name, role, verb, condition in policies_of(table):
        using = "" if verb == "insert" else f" USING ({condition})"
        check = "" if verb in ("select", "delete") else f" WITH CHECK ({condition})"
        yield name, f"FOR {verb.upper()} TO {role}{using}{check}"


def _grant(connection: BaseDatabaseWrapper, tables: Iterable[Table]) -> None:
    """Give each role the privileges that its policies are about, and no others."""
    todo = [f"GRANT USAGE ON SCHEMA {', '.join(SCHEMAS)} TO {', '.join(Role)}"]
    for table in tables:
        name = quoted(table.name)
        todo.append(f"REVOKE ALL ON {name} FROM {', '.join(Role)}")
        for role, may in table.rules().items():
            verbs = [verb for verb in VERBS if may.condition(verb) is not None]
            if may.columns and "update" in verbs:
                verbs[verbs.index("update")] = f"update ({', '.join(may.columns)})"
            if verbs:
                todo.append(f"GRANT {', '.join(verbs)} ON {name} TO {role}")
    writers = f"{Role.ATTENDEE}, {Role.ORGANIZER}, {Role.WORKER}, {Role.SUPERUSER}"
    todo.append(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {writers}")
    _run(connection, todo)


def _restrict(connection: BaseDatabaseWrapper, open_login: str | None) -> None:
    """Take functions that not everybody may call from all others."""
    login = [connection.ops.quote_name(open_login)] if open_login else []
    todo = []
    for function, callers in restricted_functions().items():
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regprocedure(%s) IS NOT NULL", [function])
            if cursor.fetchone()[0]:
                todo.append(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC, {', '.join(Role)}")
                allowed = ", ".join([*callers, *login])
                todo.append(f"GRANT EXECUTE ON FUNCTION {function} TO {allowed}")
    _run(connection, todo)


def _grant_views(connection: BaseDatabaseWrapper) -> None:
    """Let views be read, with the rights of who reads them: by default they have their owner's."""
    todo = []
    for name, readers in views().items():
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
            if cursor.fetchone()[0]:
                todo.append(f"ALTER VIEW {quoted(name)} SET (security_invoker = true)")
                todo.append(f"REVOKE ALL ON {quoted(name)} FROM {', '.join(Role)}")
                todo.append(f"GRANT SELECT ON {quoted(name)} TO {', '.join(readers)}")
    _run(connection, todo)


def quoted(name: str) -> str:
    return ".".join(f'"{part}"' for part in name.split("."))


def _digest(definition: str) -> str:
    return sha256(definition.encode()).hexdigest()[:16]


def _run(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    if statements:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(";\n".join(statements))
