"""What nobody but the owner may do, whichever role they take.

The application's login owns no table and has no rights of its own: it takes roles, which may read
and write rows (`evently.row_security`). So it cannot disable a trigger, truncate, or create
objects. Where one role does everything (only DATABASE_URL is set), `check --deploy` warns about it.
"""

from typing import Any

from django.conf import settings
from django.db import connections

# With how to see that one is needed: what changes nothing would still be noticed by everybody.
# Parameters: the login, the database.
GRANTS = {
    "SELECT has_schema_privilege('public', 'public', 'CREATE')": (
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    ),
    # A right of its own: that of all roles is taken from them.
    "SELECT NOT EXISTS (SELECT FROM pg_namespace n, aclexplode(n.nspacl) a"
    " WHERE n.nspname = 'public' AND a.grantee = quote_ident(%(login)s)::regrole"
    " AND a.privilege_type = 'USAGE')": "GRANT USAGE ON SCHEMA public TO {login}",
    "SELECT has_schema_privilege(%(login)s, 'secrets', 'USAGE, CREATE')": (
        "REVOKE ALL ON SCHEMA secrets FROM {login}"
    ),
    "SELECT has_database_privilege('public', current_database(), 'TEMPORARY')": (
        "REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC"
    ),
    # Whether a database is up to date is asked before anything takes a role.
    "SELECT to_regclass('django_migrations') IS NOT NULL"
    " AND NOT has_table_privilege(%(login)s, to_regclass('django_migrations'), 'SELECT')": (
        "GRANT SELECT ON django_migrations TO {login}"
    ),
}

# Writes on a partition itself would go past the triggers of the parent that log once per statement.
PARTITIONS = """
    SELECT quote_ident(nspname) || '.' || quote_ident(relname) FROM pg_class
    JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relispartition AND relkind IN ('r', 'p') AND nspname IN ('public', 'keys')
        AND has_table_privilege(%s, pg_class.oid, 'INSERT, UPDATE, DELETE')
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
                AND EXISTS (SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner)))
                    WHERE grantee = 0)
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
    """Limit what the application's login may do, after each migration."""
    connection = connections[using]
    role = application_role()
    if not role or role == connection.settings_dict["USER"]:
        return
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA IF NOT EXISTS keys; CREATE SCHEMA IF NOT EXISTS secrets;")
        names = {"login": quote(role), "database": quote(connection.settings_dict["NAME"])}
        for is_needed, statement in GRANTS.items():
            cursor.execute(is_needed, {"login": role})
            if cursor.fetchone()[0]:
                cursor.execute(statement.format(**names))
        cursor.execute(PARTITIONS, [role])
        if partitions := ", ".join(name for (name,) in cursor.fetchall()):
            cursor.execute(f"REVOKE INSERT, UPDATE, DELETE ON {partitions} FROM {quote(role)}")
        cursor.execute(GUARD_TRIGGER_FUNCTIONS)
