"""Bring database and static files up to date before services start, in one process.

    python -m evently.supervisor.prepare [--migrate] [--static]

Without --migrate, wait until another process has migrated the database.
"""

import os
import sys
import time

import django
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connections

from evently.console import say
from evently.environment import env

LOOK_SECONDS = 1.0


def await_migrations() -> None:
    """Wait until the database has all migrations of this release."""
    # Imports models, so only after django.setup().
    from evently.database.migrated import missing_migrations

    told = False
    while missing := missing_migrations():
        if not told:
            say(
                f"The database lacks {len(missing)} of this release's migrations ({missing[0]} is "
                "the first). Waiting until they are applied: by another server's start, or by "
                "`.venv/bin/python manage.py migrate`."
            )
            told = True
        time.sleep(LOOK_SECONDS)


def migrate() -> None:
    """Migrate as the owner, and load the demo where it is wanted; one process at a time."""
    from evently.database.migrated import migration_lock

    with migration_lock(connections["owner"], say=say):
        call_command("migrate", interactive=False, verbosity=0)
        load_demo_if_empty()


def load_demo_if_empty() -> None:
    """Load the demo events in development while there are no events, unless DEMO=false."""
    from evently import preflight

    if not settings.DEBUG or not env.bool("DEMO", default=True) or preflight.problems():
        return
    if not apps.get_model("events", "Event").objects.using("owner").exists():
        call_command("load_demo")


def prepare(*, with_migrations: bool, with_static_files: bool) -> list[str]:
    """Prepare everything, and return the problems that stop a start. Raises CommandError."""
    from evently import preflight, static_files
    from evently.waiting import wait_for_services

    if with_static_files and not settings.DEBUG:
        # They are public: the proxy may serve them.
        before = os.umask(0o022)
        static_files.collect()
        os.umask(before)
    wait_for_services(["owner", "default"] if with_migrations else ["default"], say=say)
    if with_migrations:
        migrate()
    else:
        await_migrations()
    return preflight.problems()


def main(arguments: list[str]) -> int:
    """Prepare; return the exit code, 2 after printing why Evently cannot start."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evently.settings")
    try:
        django.setup()
        problems = prepare(
            with_migrations="--migrate" in arguments, with_static_files="--static" in arguments
        )
    except (ImproperlyConfigured, CommandError) as error:
        problems = [str(error)]
    if problems:
        say("\n".join(problems))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
