"""Privileges of the application's role, which owns no table.

It may read and write rows and nothing else: it cannot disable a trigger, truncate, or create
objects. Where one role does everything (only DATABASE_URL is set), there is nothing to grant, and
`check --deploy` warns about it.
"""

from typing import Any

from django.conf import settings
from django.db import connections

# Tables that the application only reads; triggers append to the audit log.
READ_ONLY = (
    "django_migrations",
    "django_content_type",
    "audit_log",
    "lines",
    "line_events",
    "archived_totals",
)

GRANTS = """
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    GRANT USAGE ON SCHEMA public, keys TO {role};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public, keys TO {role};
    GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role};
    REVOKE INSERT, UPDATE, DELETE ON {read_only} FROM {role};
    REVOKE ALL ON SCHEMA secrets FROM {role};
    REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC;
"""

# What the application calls though it runs as the owner; all other roles may not.
CALLABLE = ("evently_erasure_receipt(uuid)", "evently_forget_in_trail(uuid)")
CALL = "SELECT to_regprocedure(%s) IS NOT NULL"

# Writes on a partition itself would go past the triggers of the parent that log once per statement.
PARTITIONS = """
    SELECT quote_ident(nspname) || '.' || quote_ident(relname) FROM pg_class
    JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relispartition AND relkind IN ('r', 'p') AND nspname IN ('public', 'keys')
"""

# Creating a trigger takes EXECUTE on its function, which PUBLIC has by default. With a trigger on
# a table of its own, a role could have forged rows move seats with the owner's privileges.
GUARD_TRIGGER_FUNCTIONS = """
    DO $$
    DECLARE
        guarded regprocedure;
    BEGIN
        FOR guarded IN
            SELECT oid FROM pg_proc
            WHERE pronamespace = 'public'::regnamespace AND prosecdef
                AND prorettype = 'trigger'::regtype AND proowner = current_user::regrole
        LOOP
            EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', guarded);
        END LOOP;
    END
    $$
"""


def application_role() -> str:
    """Return the name of the role that the application logs in as."""
    return str(settings.DATABASES["default"].get("USER", ""))


def grant_to_application(using: str, **kwargs: Any) -> None:
    """Grant the application's role its privileges, after each migration."""
    connection = connections[using]
    role = application_role()
    if not role or role == connection.settings_dict["USER"]:
        return
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        existing = {name for (name,) in cursor.fetchall()}
        cursor.execute("CREATE SCHEMA IF NOT EXISTS keys; CREATE SCHEMA IF NOT EXISTS secrets;")
        cursor.execute(
            GRANTS.format(
                role=quote(role),
                read_only=", ".join(quote(name) for name in READ_ONLY if name in existing),
                database=quote(connection.settings_dict["NAME"]),
            )
        )
        cursor.execute(PARTITIONS)
        if partitions := ", ".join(name for (name,) in cursor.fetchall()):
            cursor.execute(f"REVOKE INSERT, UPDATE, DELETE ON {partitions} FROM {quote(role)}")
        cursor.execute(GUARD_TRIGGER_FUNCTIONS)
        for function in CALLABLE:
            cursor.execute(CALL, [function])
            if cursor.fetchone() == (True,):
                cursor.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {quote(role)}")
