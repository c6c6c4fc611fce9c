"""Migrate as the owner: the application's role may not change tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.errors import LockNotAvailable

from evently.database.grants import application_role
from evently.database.migrated import migration_lock
from evently.row_security import roles
from evently.waiting import database_problem, wait_until_usable

WAIT_SECONDS = 60.0
LOCK_TIMEOUT = timedelta(seconds=5)
TIMED_OUT = (
    "The migration waited {seconds:.0f} seconds for a lock and gave up, so that requests do not "
    "queue behind it. What was applied before stays, and the next run continues from there. "
    "Run the command again; if it times out again, docs/running.md says how to "
    "find what holds the lock."
)


class Command(migrate.Command):
    """Django's own migrate: as the owner by default, and never two at a time."""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")
        parser.add_argument(
            "--wait",
            type=float,
            default=WAIT_SECONDS,
            metavar="SECONDS",
            help=f"How long to wait for the database to answer (default: {WAIT_SECONDS:.0f}).",
        )

    def migration_progress_callback(
        self, action: str, migration: Any = None, fake: bool = False
    ) -> None:
        """Begin each migration with the short wait, whatever the one before has set."""
        if action in ("apply_start", "unapply_start"):
            wait_briefly(self.migrating)
        super().migration_progress_callback(action, migration, fake)

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, and wait for each lock only briefly. Raises CommandError after a time-out.

        Of several processes that start at once, one migrates. The others wait for it, however long
        it takes, and find nothing left to do.
        """
        self.migrating = connections[options["database"]]
        problem = wait_until_usable(
            partial(database_problem, options["database"]),
            say=self.stderr.write,
            patience_seconds=options.pop("wait"),
        )
        if problem:
            raise CommandError(problem)
        try:
            with (
                migration_lock(self.migrating, say=self.stderr.write),
                short_lock_waits(self.migrating),
            ):
                # Before anything changes: what is missing may take a superuser.
                roles.ensure(self.migrating, application_role())
                super().handle(*args, **options)
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            raise CommandError(TIMED_OUT.format(seconds=LOCK_TIMEOUT.total_seconds())) from error


@contextmanager
def short_lock_waits(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Let statements wait for a lock for LOCK_TIMEOUT at most.

    A statement that waits for a table's strongest lock makes all later ones wait behind it.
    """
    wait_briefly(connection)
    yield
    # After an error the connection is closed with its settings, or the command ends.
    with connection.cursor() as cursor:
        cursor.execute("RESET lock_timeout")


def wait_briefly(connection: BaseDatabaseWrapper) -> None:
    milliseconds = LOCK_TIMEOUT // timedelta(milliseconds=1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [str(milliseconds)])
