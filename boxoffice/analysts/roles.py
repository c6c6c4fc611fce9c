"""Logins of analysts: roles of the database that may read the schema `analytics`, and no more.

The group has the rights, so that logins come and go without touching them. It bears the name of the
database, as roles belong to the whole server: analysts of one Evently see nothing of another.
"""

import re
import secrets
from typing import Any

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

from evently.errors import Conflict, Invalid, NotFound

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
LONGEST_NAME = 63
PASSWORD_BYTES = 24
# A session may change these; what it may read does not depend on them.
SETTINGS = {
    "search_path": "analytics",
    "default_transaction_read_only": "on",
    "statement_timeout": "5min",
    "lock_timeout": "3s",
    "idle_in_transaction_session_timeout": "1min",
    "timezone": "UTC",
}
CONNECTIONS = 5
ANALYSTS = """
    SELECT m.rolname, count(a.pid) FROM pg_auth_members g
    JOIN pg_roles r ON r.oid = g.roleid JOIN pg_roles m ON m.oid = g.member
    LEFT JOIN pg_stat_activity a ON a.usesysid = m.oid
    WHERE r.rolname = %s AND m.rolcanlogin AND m.rolname <> current_user GROUP BY 1 ORDER BY 1
"""
# Whatever else a role could see: tables and views in other schemas, and functions to call there.
VISIBLE = r"""
    SELECT format('%%s %%I.%%I', CASE WHEN c.relkind IN ('v', 'm') THEN 'view' ELSE 'table' END,
        n.nspname, c.relname)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
        AND n.nspname NOT IN ('analytics', 'pg_catalog', 'information_schema')
        AND n.nspname !~ '^pg_(toast|temp)'
        AND has_schema_privilege(%(role)s, n.oid, 'USAGE')
        AND CASE WHEN c.relkind = 'S' THEN has_sequence_privilege(%(role)s, c.oid, 'USAGE, SELECT')
            ELSE has_any_column_privilege(%(role)s, c.oid, 'SELECT, INSERT, UPDATE') END
    UNION ALL
    SELECT format('schema %%I', n.nspname) FROM pg_namespace n
    WHERE n.nspname NOT IN ('analytics', 'pg_catalog', 'information_schema')
        AND n.nspname !~ '^pg_(toast|temp)'
        AND has_schema_privilege(%(role)s, n.oid, 'USAGE, CREATE')
    ORDER BY 1
"""


class NameInvalid(Invalid):
    code = "analyst_name_invalid"
    message = (
        "Use a name of lowercase letters, digits and underscores, up to 63, that begins with a"
        " letter."
    )


class RoleExists(Conflict):
    code = "role_exists"
    message = "The database has a role of this name already."


class NoSuchAnalyst(NotFound):
    code = "no_such_analyst"
    message = "There is no analyst of this name. See `manage.py create_analyst --list`."


class SeesTooMuch(Conflict):
    """The role could see more than the schema `analytics`; it was not created."""

    code = "sees_too_much"

    def __init__(self, visible: list[str], group: str) -> None:
        some = ", ".join(visible[:5]) + (" …" if len(visible) > 5 else "")
        super().__init__(
            f"Nothing was created: the login would also see {some}. Take these rights away from"
            " PUBLIC as a superuser (REVOKE USAGE ON SCHEMA … FROM PUBLIC), and grant them to the"
            " roles that need them."
        )


class MayNotCreateRoles(Conflict):
    """The owner of the database may not create roles; the text has the statements to run."""

    code = "may_not_create_roles"


def group_of(connection: BaseDatabaseWrapper) -> str:
    """Return the name of the role that may read this database's schema `analytics`."""
    return f"{connection.settings_dict['NAME']}_analysts"[-LONGEST_NAME:]


def analysts(connection: BaseDatabaseWrapper) -> list[tuple[str, int]]:
    """Return the analysts of this database, each with how often it is connected."""
    with connection.cursor() as cursor:
        cursor.execute(ANALYSTS, [group_of(connection)])
        return [(name, count) for name, count in cursor.fetchall()]


def create_analyst(connection: BaseDatabaseWrapper, name: str) -> str:
    """Create a login that sees the schema `analytics` only; return its password.

    Raises NameInvalid, RoleExists, SeesTooMuch, MayNotCreateRoles.
    """
    if not NAME.fullmatch(name) or name.startswith("pg_"):
        raise NameInvalid
    if _exists(connection, name):
        raise RoleExists
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    with transaction.atomic(using=connection.alias):
        try:
            with transaction.atomic(using=connection.alias):
                for statement in _creating(connection, name, _verifier(connection, name, password)):
                    _execute(connection, statement)
        except DatabaseError as error:
            if getattr(error.__cause__, "sqlstate", "") != "42501":
                raise
            raise MayNotCreateRoles(_statements_to_run(connection, name)) from error
        if visible := _visible_to(connection, name):
            raise SeesTooMuch(visible, group_of(connection))
    return password


def new_password(connection: BaseDatabaseWrapper, name: str) -> str:
    """Give an analyst another password, and return it. Raises NoSuchAnalyst."""
    _require(connection, name)
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    verifier = _verifier(connection, name, password)
    _execute(
        connection,
        sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(name), sql.Literal(verifier)),
    )
    return password


def drop_analyst(connection: BaseDatabaseWrapper, name: str) -> None:
    """Delete an analyst's login, and end its sessions. Raises NoSuchAnalyst."""
    _require(connection, name)
    role = sql.Identifier(name)
    _execute(connection, sql.SQL("ALTER ROLE {} NOLOGIN").format(role))
    with transaction.atomic(using=connection.alias):
        # Ending sessions takes the rights of their role; the one who created it may take them.
        _execute(connection, sql.SQL("GRANT {} TO CURRENT_USER WITH INHERIT TRUE").format(role))
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s",
                [name],
            )
        _execute(connection, sql.SQL("DROP ROLE {}").format(role))


def _require(connection: BaseDatabaseWrapper, name: str) -> None:
    if name not in dict(analysts(connection)):
        raise NoSuchAnalyst


def _creating(
    connection: BaseDatabaseWrapper, name: str, verifier: str | None
) -> list[sql.Composed]:
    """Return the statements that create a login. verifier: None leaves the password out."""
    group, role = sql.Identifier(group_of(connection)), sql.Identifier(name)
    password = (
        sql.SQL("") if verifier is None else sql.SQL(" PASSWORD {}").format(sql.Literal(verifier))
    )
    found = []
    if not _exists(connection, group_of(connection)):
        found.append(sql.SQL("CREATE ROLE {} NOLOGIN").format(group))
    found += [
        sql.SQL("GRANT USAGE ON SCHEMA analytics TO {}").format(group),
        sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA analytics TO {}").format(group),
        sql.SQL("CREATE ROLE {} LOGIN CONNECTION LIMIT {}{} IN ROLE {}").format(
            role, sql.Literal(CONNECTIONS), password, group
        ),
    ]
    found += [
        sql.SQL("ALTER ROLE {} SET {} = {}").format(role, sql.Identifier(key), sql.Literal(value))
        for key, value in SETTINGS.items()
    ]
    return found


def _statements_to_run(connection: BaseDatabaseWrapper, name: str) -> str:
    statements = ";\n".join(one.as_string(None) for one in _creating(connection, name, None))
    owner = connection.settings_dict["USER"]
    return (
        f"The role {owner} may not create roles. Run this as a superuser, then set a password"
        f" (in psql: \\password {name}):\n\n{statements};\n"
    )


def _visible_to(connection: BaseDatabaseWrapper, name: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(VISIBLE, {"role": name})
        return [text for (text,) in cursor.fetchall()]


def _exists(connection: BaseDatabaseWrapper, name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s)", [name])
        return bool(cursor.fetchone()[0])


def _verifier(connection: BaseDatabaseWrapper, name: str, password: str) -> str:
    """Return what the server stores, so that the password itself is in no log of statements."""
    connection.ensure_connection()
    session: Any = connection.connection
    return bytes(
        session.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
    ).decode()


def _execute(connection: BaseDatabaseWrapper, statement: sql.Composed) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
