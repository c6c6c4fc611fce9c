"""The test database: created and emptied by the owner, used by the application's role.

Django's way to empty it after a transactional test does not work here: the application's role may
not truncate, and rows that migrations inserted (such as email templates) would be missing in all
later tests. Here such rows are copied once and restored.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import psycopg
from django.db import connections
from psycopg import sql

# Django's own tables, and the schema with the copies of rows that migrations inserted.
KEPT_TABLES = ("django_migrations", "django_content_type", "auth_permission")
SEEDS = "test_seeds"
# Entries about rows that migrations inserted; each test starts with an empty audit log.
FORGOTTEN = sql.Identifier("public", "audit_log")

TABLES = """
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND n.nspname NOT LIKE 'pg\\_%%' AND n.nspname NOT IN ('information_schema', %s)
      AND NOT c.relname = ANY(%s)
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    ORDER BY 1, 2
"""
COLUMNS = """
    SELECT attname FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    ORDER BY attnum
"""


@contextmanager
def as_owner() -> Iterator["psycopg.Connection[Any]"]:
    """Connect as the owner, independently of Django, in one transaction."""
    wrapper = connections["owner"]
    parameters = wrapper.get_connection_params()
    wanted = ("host", "port", "dbname", "user", "password")
    chosen = {name: parameters[name] for name in wanted if name in parameters}
    with psycopg.connect(**chosen, connect_timeout=3, prepare_threshold=None) as connection:
        # A thread that left its transaction open would otherwise block this for ever.
        connection.execute("SET lock_timeout = '10s'")
        yield connection


def url_of(alias: str = "default") -> str:
    """Return the URL of the test database with its password, for processes that a test starts."""
    config = connections[alias].settings_dict
    login = ":".join(quote(part, safe="") for part in (config["USER"], config["PASSWORD"]) if part)
    return f"postgres://{login}@{config['HOST']}:{config['PORT']}/{config['NAME']}"


def _tables(connection: "psycopg.Connection[Any]") -> list[tuple[str, str]]:
    return connection.execute(TABLES, [SEEDS, list(KEPT_TABLES)]).fetchall()


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


def empty_tables() -> None:
    """Empty all tables, except for the rows that migrations inserted."""
    with as_owner() as connection:
        tables = _tables(connection)
        # The public schema first: triggers there empty tables of the others, which may not
        # be in the same statement.
        for schema in sorted({schema for schema, _ in tables}, key=lambda name: name != "public"):
            names = [sql.Identifier(*name) for name in tables if name[0] == schema]
            connection.execute(
                sql.SQL("TRUNCATE {} RESTART IDENTITY").format(sql.SQL(", ").join(names))
            )
        seeds = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s", [SEEDS]
        ).fetchall()
        for (name,) in seeds:
            _put_back(connection, name)


def _put_back(connection: "psycopg.Connection[Any]", name: str) -> None:
    """Restore copied rows; name: of the copy, `schema.table`."""
    target = sql.Identifier(*name.split(".", 1))
    names = connection.execute(COLUMNS, [target.as_string(connection)]).fetchall()
    columns = sql.SQL(", ").join(sql.Identifier(column) for (column,) in names)
    for statement in (
        "ALTER TABLE {target} DISABLE TRIGGER USER",
        "INSERT INTO {target} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {copy}",
        "ALTER TABLE {target} ENABLE TRIGGER USER",
    ):
        connection.execute(
            sql.SQL(statement).format(
                target=target, columns=columns, copy=sql.Identifier(SEEDS, name)
            )
        )
