"""Which migrations of this release the database lacks; one migration at a time."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

from django.db import DatabaseError, DataError, ProgrammingError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader

APPLIED = "SELECT app, name FROM django_migrations"
# Of PostgreSQL's advisory locks, which hold within one database. Any number, always the same.
MIGRATION_LOCK = 7_310_041_966
LOOK_SECONDS = 0.3

Name = tuple[str, str]


def missing_migrations(*, using: str = "default") -> list[str]:
    """Return the migrations of this release that the database lacks, such as "events.0004_quotes".

    A database that is ahead of this release lacks none. Raises OperationalError.
    """
    try:
        with connections[using].cursor() as cursor:
            cursor.execute(APPLIED)
            applied = cursor.fetchall()
    except (ProgrammingError, DataError):
        # Before the first migration, or before its last step, which grants privileges.
        applied = []
    return missing_among(applied)


def missing_among(applied: Iterable[Name]) -> list[str]:
    """Return the migrations of this release that are not among the applied ones."""
    done = set(applied)
    replaced = {name for key, names in _of_this_release().items() if key in done for name in names}
    return [
        ".".join(key)
        for key, replaces in sorted(_of_this_release().items())
        if key not in done | replaced and not (replaces and replaces <= done)
    ]


@cache
def _of_this_release() -> dict[Name, frozenset[Name]]:
    """Return all migrations, each with those that it replaces."""
    loader = MigrationLoader(None)
    return {
        key: frozenset((app, name) for app, name in migration.replaces)
        for key, migration in loader.disk_migrations.items()
    }


@contextmanager
def migration_lock(connection: BaseDatabaseWrapper, *, say: Callable[[str], Any]) -> Iterator[None]:
    """Hold the lock under which a database is migrated; wait while another process has it.

    PostgreSQL releases it with the connection, so that a killed process leaves nothing behind. It
    may be taken again while it is held.
    """
    told = False
    while not _call(connection, "pg_try_advisory_lock"):
        if not told:
            say("Another process is migrating this database; waiting until it has finished.")
            told = True
        # Not pg_advisory_lock(): an index that is built concurrently waits for all transactions,
        # and so for this one, which would wait for it.
        time.sleep(LOOK_SECONDS)
    try:
        yield
    finally:
        # After an error the connection may be gone, and the lock with it.
        with suppress(DatabaseError):
            _call(connection, "pg_advisory_unlock")


def _call(connection: BaseDatabaseWrapper, function: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [MIGRATION_LOCK])
        return bool(cursor.fetchone()[0])
