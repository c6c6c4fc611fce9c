"""Create the views of analysts after each `migrate`, and take them away before one.

Views pin the columns that they read: while they exist, a migration can neither drop nor alter one.
So no migration has to know about them.
"""

import hashlib
from typing import Any

from django.conf import settings
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from boxoffice.analysts.meanings import VIEWS
from boxoffice.analysts.roles import group_of
from boxoffice.analysts.views import creating
from evently.database.grants import application_role
from evently.database.migrated import missing_migrations

DROP = "DROP SCHEMA IF EXISTS analytics, analytics_base CASCADE"
# Only the owner of the database creates schemas. Where `migrate` runs as another role, it can't.
MAY_CREATE = "SELECT has_database_privilege(current_database(), 'CREATE')"
INSTALLED = "SELECT obj_description(to_regnamespace('analytics'), 'pg_namespace')"
# Else every role could call the application's functions and, where rights were given to all roles,
# read its tables. The application's role has a right of its own.
IS_PUBLIC = "SELECT has_schema_privilege('public', 'public', 'USAGE')"
CLOSE_PUBLIC = "REVOKE USAGE ON SCHEMA public FROM PUBLIC"
MAY_ROTATE = "SELECT has_function_privilege(%s, 'evently_rotate_pseudonyms()', 'EXECUTE')"


def drop_before_migrations(using: str, plan: Any = (), **kwargs: Any) -> None:
    """Drop all views if migrations are about to run."""
    if plan:
        with connections[using].cursor() as cursor:
            cursor.execute(DROP)


def install(using: str, **kwargs: Any) -> None:
    """Create the views, unless they are those of this release; set what they depend on.

    After a `migrate` to an earlier migration there are none: their columns may be missing.
    """
    connection = connections[using]
    if missing_migrations(using=using) or not _value(connection, MAY_CREATE):
        return
    with transaction.atomic(using=using), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE secrets.smallest_group SET persons = %s WHERE persons <> %s",
            [settings.ANALYTICS_SMALLEST_GROUP] * 2,
        )
        cursor.execute("SELECT evently_rotate_pseudonyms()")
        statements = creating() + "\n".join(_comments())
        digest = hashlib.sha256(statements.encode()).hexdigest()
        if _value(connection, INSTALLED) != digest:
            cursor.execute(f"{DROP}; CREATE SCHEMA analytics; CREATE SCHEMA analytics_base;")
            cursor.execute(statements)
            cursor.execute(f"COMMENT ON SCHEMA analytics IS '{digest}'")
        # What changes nothing would still be noticed by every connection.
        if _value(connection, IS_PUBLIC):
            cursor.execute(CLOSE_PUBLIC)
        _grant(connection)


def _grant(connection: BaseDatabaseWrapper) -> None:
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        role = application_role()
        is_separate = role and role != connection.settings_dict["USER"]
        if is_separate and not _value(connection, MAY_ROTATE, [role]):
            cursor.execute(
                f"GRANT EXECUTE ON FUNCTION evently_rotate_pseudonyms() TO {quote(role)}"
            )
        group = group_of(connection)
        if _value(connection, "SELECT to_regrole(quote_ident(%s))", [group]):
            cursor.execute(f"GRANT USAGE ON SCHEMA analytics TO {quote(group)}")
            cursor.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA analytics TO {quote(group)}")


def _comments() -> list[str]:
    """Return the statements that describe all views and columns in the database itself."""
    found = []
    for view, (meaning, columns) in VIEWS.items():
        found.append(f"COMMENT ON VIEW analytics.{view} IS {_literal(meaning)};")
        found += [
            f"COMMENT ON COLUMN analytics.{view}.{column} IS {_literal(text)};"
            for column, text in columns.items()
        ]
    return found


def _literal(text: str) -> str:
    return "'{}'".format(text.replace("'", "''"))


def _value(connection: BaseDatabaseWrapper, statement: str, parameters: Any = None) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchone()[0]
