"""The privileges of the database's roles: those that their policies are about, and no others.

What a role has already is compared with what it should have, so that migrating with nothing to do
changes nothing.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from evently.database.identity import DatabaseRole
from evently.row_security.tables import VERBS, Table, quoted, restricted_functions, views

SCHEMAS = ("public", "keys")
ROLES = [role.value for role in DatabaseRole]
WRITERS = [role.value for role in DatabaseRole if role is not DatabaseRole.VISITOR]

# Relation, role, privilege, column; of a view, also whether it reads with its reader's rights.
OF_TABLES = """
    SELECT CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname,
        r.rolname, lower(a.privilege_type), a.attname
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL (
        SELECT grantee, privilege_type, '' AS attname FROM aclexplode(c.relacl)
        UNION ALL
        SELECT e.grantee, e.privilege_type, t.attname
        FROM pg_attribute t, aclexplode(t.attacl) e WHERE t.attrelid = c.oid
    ) a
    JOIN pg_roles r ON r.oid = a.grantee
    WHERE n.nspname = ANY (%s) AND c.relkind IN ('r', 'p', 'v') AND r.rolname = ANY (%s)
"""
VIEWS = """
    SELECT relname, coalesce(reloptions @> '{security_invoker=true}', false) FROM pg_class
    WHERE relkind = 'v' AND relnamespace = 'public'::regnamespace AND relname = ANY (%s)
"""
# Function, and who may call it: PUBLIC by default.
OF_FUNCTIONS = """
    SELECT given.name, coalesce(r.rolname, 'public')
    FROM unnest(%s::text[]) AS given (name)
    JOIN pg_proc p ON p.oid = to_regprocedure(given.name)
    CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    LEFT JOIN pg_roles r ON r.oid = a.grantee
    WHERE a.grantee <> p.proowner
"""
EXISTING_FUNCTIONS = """
    SELECT given.name FROM unnest(%s::text[]) AS given (name)
    WHERE to_regprocedure(given.name) IS NOT NULL
"""
# By a right of their own: that of all roles on a schema is taken from them.
WITHOUT_SCHEMAS = """
    SELECT EXISTS (SELECT FROM pg_namespace n, unnest(%s::text[]) AS r (role)
        WHERE n.nspname = ANY (%s) AND NOT EXISTS (SELECT FROM aclexplode(n.nspacl) a
            WHERE a.grantee = r.role::regrole AND a.privilege_type = 'USAGE'))
"""
WITHOUT_SEQUENCES = """
    SELECT EXISTS (SELECT FROM pg_class c, unnest(%s::text[]) AS r (role)
        WHERE c.relkind = 'S' AND c.relnamespace = 'public'::regnamespace
            AND NOT (has_sequence_privilege(r.role, c.oid, 'USAGE')
                AND has_sequence_privilege(r.role, c.oid, 'SELECT')))
"""

# DatabaseRole, privilege, column or "".
Privilege = tuple[str, str, str]


def apply(connection: BaseDatabaseWrapper, tables: Iterable[Table], open_login: str | None) -> None:
    """Give the roles what they lack, and take what they have too much, as the owner.

    open_login: the application's login, where it still calls functions without taking a role.
    """
    found: dict[str, set[Privilege]] = {}
    for name, *privilege in _rows(connection, OF_TABLES, [list(SCHEMAS), ROLES]):
        found.setdefault(name, set()).add(tuple(privilege))
    run(
        connection,
        [
            *_for_schemas(connection),
            *(
                statement
                for table in tables
                if found.get(table.name, set()) != _wanted(table)
                for statement in _granting(table.name, _wanted(table))
            ),
        ],
    )
    run(connection, _for_views(connection, found))
    run(connection, _for_functions(connection, open_login))


def run(connection: BaseDatabaseWrapper, statements: Sequence[str]) -> None:
    """Run statements in one transaction."""
    if statements:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(";\n".join(statements))


def _rows(connection: BaseDatabaseWrapper, sql: str, parameters: Sequence[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def _wanted(table: Table) -> set[Privilege]:
    """Return the privileges that a table's policies are about."""
    return {
        (role.value, verb, column)
        for role, may in table.rules().items()
        for verb in VERBS
        if may.condition(verb) is not None
        for column in (may.columns if verb == "update" and may.columns else ("",))
    }


def _granting(name: str, wanted: set[Privilege]) -> list[str]:
    """Return the statements that give these privileges of a table or view, and take all others."""
    statements = [f"REVOKE ALL ON {quoted(name)} FROM {', '.join(ROLES)}"]
    for role, verb in sorted({(role, verb) for role, verb, _ in wanted}):
        columns = sorted(column for *of, column in wanted if of == [role, verb] and column)
        what = f"{verb} ({', '.join(columns)})" if columns else verb
        statements.append(f"GRANT {what} ON {quoted(name)} TO {role}")
    return statements


def _for_schemas(connection: BaseDatabaseWrapper) -> list[str]:
    statements = []
    if _rows(connection, WITHOUT_SCHEMAS, [ROLES, list(SCHEMAS)])[0][0]:
        statements.append(f"GRANT USAGE ON SCHEMA {', '.join(SCHEMAS)} TO {', '.join(ROLES)}")
    if _rows(connection, WITHOUT_SEQUENCES, [WRITERS])[0][0]:
        statements.append(
            f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {', '.join(WRITERS)}"
        )
    return statements


def _for_views(connection: BaseDatabaseWrapper, found: dict[str, set[Privilege]]) -> list[str]:
    """Let views be read, with the rights of who reads them: by default they have their owner's."""
    declared = views()
    statements = []
    for name, is_invoking in _rows(connection, VIEWS, [list(declared)]):
        if not is_invoking:
            statements.append(f"ALTER VIEW {quoted(name)} SET (security_invoker = true)")
        wanted: set[Privilege] = {(role.value, "select", "") for role in declared[name]}
        if found.get(name, set()) != wanted:
            statements += _granting(name, wanted)
    return statements


def _for_functions(connection: BaseDatabaseWrapper, open_login: str | None) -> list[str]:
    """Take functions that not everybody may call from all others."""
    declared = restricted_functions()
    callers: dict[str, set[str]] = {
        name: set() for (name,) in _rows(connection, EXISTING_FUNCTIONS, [list(declared)])
    }
    for name, caller in _rows(connection, OF_FUNCTIONS, [list(declared)]):
        callers[name].add(caller)
    # Others may have been given rights by hand.
    ours = {"public", *ROLES, *([open_login] if open_login else [])}
    statements = []
    for name, have in callers.items():
        wanted = {role.value for role in declared[name]} | ({open_login} if open_login else set())
        if have & ours != wanted:
            allowed = ", ".join(connection.ops.quote_name(one) for one in sorted(wanted))
            statements.append(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC, {', '.join(ROLES)}")
            statements.append(f"GRANT EXECUTE ON FUNCTION {name} TO {allowed}")
    return statements
