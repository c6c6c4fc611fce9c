"""The database's roles: made once per server, and lent to the application's login."""

from collections.abc import Iterator

from django.core.management import CommandError
from django.db.backends.base.base import BaseDatabaseWrapper

from evently.database.identity import DatabaseRole

# Since this version, a grant says whether the login inherits; before, the login itself did.
OPTIONS_SINCE = 160_000

EXISTING = "SELECT rolname FROM pg_roles WHERE rolname = ANY (%s)"
LENT = """
    SELECT r.rolname FROM pg_auth_members m
    JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles l ON l.oid = m.member
    WHERE l.rolname = %s AND r.rolname = ANY (%s)
"""
MAY_CREATE = "SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user"


def ensure(connection: BaseDatabaseWrapper, login: str) -> None:
    """Make the roles that are missing, and lend them to the application's login.

    Raises CommandError, with what a superuser has to run, where the owner may not.
    """
    names = [role.value for role in DatabaseRole]
    with connection.cursor() as cursor:
        cursor.execute(EXISTING, [names])
        existing = {name for (name,) in cursor.fetchall()}
        cursor.execute(LENT, [login, names])
        lent = {name for (name,) in cursor.fetchall()}
        cursor.execute(MAY_CREATE)
        ((may_create,),) = cursor.fetchall()
        missing = [
            *(f"CREATE ROLE {name} NOLOGIN;" for name in names if name not in existing),
            *_lending(connection, login, [name for name in names if name not in lent]),
        ]
        if not missing:
            return
        if not may_create:
            listed = "\n".join(f"    {statement}" for statement in missing)
            raise CommandError(
                "The database server lacks roles that Evently takes for each request, and the role "
                f"{connection.settings_dict['USER']} may not create them. As a superuser of the "
                f"server, run\n\n{listed}\n\nand then migrate again."
            )
        cursor.execute(" ".join(missing))


def _lending(connection: BaseDatabaseWrapper, login: str, names: list[str]) -> Iterator[str]:
    """Yield the statements that let a login take roles, whose rights it does not have by itself."""
    if not names:
        return
    quoted, listed = connection.ops.quote_name(login), ", ".join(names)
    if connection.pg_version >= OPTIONS_SINCE:  # type: ignore[attr-defined]
        yield f"GRANT {listed} TO {quoted} WITH INHERIT FALSE, SET TRUE;"
    else:
        yield f"ALTER ROLE {quoted} NOINHERIT;"
        yield f"GRANT {listed} TO {quoted};"
