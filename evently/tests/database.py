"""The test database: created and emptied by the owner, used by the application's role.

Django's way to empty it after a transactional test does not work here: the application's role may
not truncate, and rows that migrations inserted (such as email templates) would be missing in all
later tests. Here such rows are copied once and restored.

To truncate all tables takes a tenth of a second of computing, for files of a hundred indexes. The
throwaway servers of `script/test` let the owner delete rows without triggers instead, from those
tables that have some.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import psycopg
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql
from psycopg.pq import TransactionStatus

# For connections beside Django's, which take no role by themselves.
AS_WORKER = "-c role=evently_worker"
# Django's own tables, and the schema with the copies of rows that migrations inserted.
KEPT_TABLES = ("django_migrations", "django_content_type", "auth_permission")
SEEDS = "test_seeds"
EMPTY = sql.Identifier(SEEDS, "empty_tables")
# The owner's connections that stay open between tests, by database.
_sessions: "dict[str, psycopg.Connection[Any]]" = {}
# Entries about rows that migrations inserted; each test starts with an empty audit log.
FORGOTTEN = sql.Identifier("public", "audit_log")

BELONGS = f"""
    n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '{SEEDS}')
    AND c.relname NOT IN {KEPT_TABLES}
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
"""
TABLES = f"""
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {BELONGS} AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    ORDER BY 1, 2
"""
# Empties what has rows, without triggers. It declines where a transaction is still open, for which
# TRUNCATE waits, and where many rows were deleted, which would slow down the tests that follow.
MOST_PAGES = 200
EMPTYING = """
    CREATE FUNCTION {function}() RETURNS boolean LANGUAGE plpgsql AS $function$
    DECLARE filled record;
    BEGIN
        IF EXISTS (
            SELECT FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
            WHERE l.mode = 'RowExclusiveLock' AND l.pid <> pg_backend_pid()
              AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
              AND c.relkind IN ('r', 'p') AND c.relnamespace <> 'pg_catalog'::regnamespace
        ) THEN
            RETURN false;
        END IF;
        SET LOCAL session_replication_role = replica;
        FOR filled IN
            SELECT c.oid::regclass AS name, pg_relation_size(c.oid) / 8192 AS pages
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE {belongs} AND c.relkind = 'r' AND pg_relation_size(c.oid) > 0
        LOOP
            IF filled.pages > {most_pages} THEN
                RETURN false;
            END IF;
            EXECUTE 'DELETE FROM ' || filled.name;
        END LOOP;
        {restore}
        RETURN true;
    END $function$
"""
COLUMNS = """
    SELECT attname FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    ORDER BY attnum
"""


@contextmanager
def as_owner() -> Iterator["psycopg.Connection[Any]"]:
    """Connect as the owner, independently of Django, in one transaction."""
    with psycopg.connect(**_parameters(), prepare_threshold=None) as connection:
        # A thread that left its transaction open would otherwise block this for ever.
        connection.execute("SET lock_timeout = '10s'")
        yield connection


def _parameters() -> dict[str, Any]:
    """Return psycopg's parameters for a connection of the owner."""
    parameters = connections["owner"].get_connection_params()
    wanted = ("host", "port", "dbname", "user", "password")
    chosen = {name: parameters[name] for name in wanted if name in parameters}
    return chosen | {"connect_timeout": 3}


def url_of(alias: str = "default") -> str:
    """Return the URL of the test database with its password, for processes that a test starts."""
    config = connections[alias].settings_dict
    login = ":".join(quote(part, safe="") for part in (config["USER"], config["PASSWORD"]) if part)
    return f"postgres://{login}@{config['HOST']}:{config['PORT']}/{config['NAME']}"


def as_owner_at_once(statement: sql.Composed | str) -> list[tuple[Any, ...]]:
    """Run one statement as the owner, beside Django; return its rows, if it has any.

    For what tests do all the time, over a connection that stays open: most statements take less
    time than a new one.
    """
    name = connections["owner"].settings_dict["NAME"]
    if name not in _sessions or _sessions[name].closed:
        options = "-c lock_timeout=10s"
        _sessions[name] = psycopg.connect(**_parameters(), autocommit=True, options=options)
    cursor = _sessions[name].execute(statement)
    return cursor.fetchall() if cursor.description else []


def close_sessions() -> None:
    """Close what stays open, so that test databases can be dropped."""
    for session in _sessions.values():
        session.close()
    _sessions.clear()


def reset_session(connection: BaseDatabaseWrapper) -> None:
    """Give a connection back as it was when it was made, or close it where it is not free.

    Kept, it has the plans of triggers and functions ready for the next test, as in production.
    """
    session = connection.connection
    if session is None:
        return
    try:
        if session.info.transaction_status is not TransactionStatus.IDLE:
            raise psycopg.OperationalError("the test left its transaction open")
        session.execute("RESET ALL; SELECT pg_advisory_unlock_all(); UNLISTEN *; DISCARD TEMP")
        connection.ensure_timezone()
    except psycopg.Error:
        connection.close()


def _tables(connection: "psycopg.Connection[Any]") -> list[tuple[str, str]]:
    return connection.execute(TABLES).fetchall()


def _seeds(connection: "psycopg.Connection[Any]") -> list[str]:
    """Return the names of the copies of rows that migrations inserted."""
    found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [SEEDS])
    return [name for (name,) in found.fetchall()]


def remember_seeds() -> None:
    """Copy the rows that migrations inserted, so that `empty_tables` can restore them."""
    with as_owner() as connection:
        connection.execute(
            sql.SQL("DROP SCHEMA IF EXISTS {0} CASCADE; CREATE SCHEMA {0}").format(
                sql.Identifier(SEEDS)
            )
        )
        connection.execute(sql.SQL("TRUNCATE {}").format(FORGOTTEN))
        for schema, table in _tables(connection):
            source = sql.Identifier(schema, table)
            filled = connection.execute(
                sql.SQL("SELECT EXISTS (SELECT FROM {})").format(source)
            ).fetchone()
            if filled and filled[0]:
                connection.execute(
                    sql.SQL("CREATE TABLE {} AS TABLE {}").format(
                        sql.Identifier(SEEDS, f"{schema}.{table}"), source
                    )
                )
        connection.execute(_emptying(connection))


def _emptying(connection: "psycopg.Connection[Any]") -> sql.Composed:
    """Return the statement that creates the function."""
    return sql.SQL(EMPTYING).format(
        function=EMPTY,
        belongs=sql.SQL(BELONGS),
        most_pages=sql.Literal(MOST_PAGES),
        restore=sql.SQL("").join(_restoring(connection, name) for name in _seeds(connection)),
    )


def empty_tables() -> None:
    """Empty all tables, except for the rows that migrations inserted."""
    ((quick,),) = as_owner_at_once(
        "SELECT has_parameter_privilege('session_replication_role', 'SET')"
    )
    if quick:
        ((quick,),) = as_owner_at_once(sql.SQL("SELECT {}()").format(EMPTY))
    if not quick:
        _truncate_all()


def _truncate_all() -> None:
    """Empty all tables, however full they are, once all transactions have ended."""
    with as_owner() as connection:
        tables = _tables(connection)
        # The public schema first: triggers there empty tables of the others, which may not
        # be in the same statement.
        for schema in sorted({schema for schema, _ in tables}, key=lambda name: name != "public"):
            names = [sql.Identifier(*name) for name in tables if name[0] == schema]
            connection.execute(
                sql.SQL("TRUNCATE {} RESTART IDENTITY").format(sql.SQL(", ").join(names))
            )
        for name in _seeds(connection):
            target = sql.Identifier(*name.split(".", 1))
            for statement in (
                sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(target),
                _restoring(connection, name),
                sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(target),
            ):
                connection.execute(statement)


def _restoring(connection: "psycopg.Connection[Any]", name: str) -> sql.Composed:
    """Return the statement that restores copied rows; name: of the copy, `schema.table`."""
    target = sql.Identifier(*name.split(".", 1))
    names = connection.execute(COLUMNS, [target.as_string(connection)]).fetchall()
    return sql.SQL(
        "INSERT INTO {target} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {copy};"
    ).format(
        target=target,
        columns=sql.SQL(", ").join(sql.Identifier(column) for (column,) in names),
        copy=sql.Identifier(SEEDS, name),
    )
