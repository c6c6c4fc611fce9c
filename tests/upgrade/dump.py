"""Make a dump for the upgrade test: migrate an empty database, fill it, dump it.

    python -m evently.embedded --throwaway -- python -m tests.upgrade.dump NAME

Writes tests/upgrade/NAME.sql.gz; NAME: the commit whose code made it. Set EVENTLY_HOME to an
empty folder first. docs/changing-the-database.md says when a new dump is needed.
"""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import django

FOLDER = Path(__file__).parent
# What is replaced by the name of the application's role when the dump is restored.
APPLICATION = "__application__"
# Statements that only the version that wrote the dump knows.
UNKNOWN_TO_OLDER = ("SET transaction_timeout", "\\restrict", "\\unrestrict")


def dump() -> str:
    """Return the database as SQL that PostgreSQL 15 understands, without names of roles."""
    from django.conf import settings

    from evently.embedded.programs import postgres_programs

    owner = settings.DATABASES["owner"]
    program = postgres_programs() / "pg_dump"
    command = [
        str(program),
        "--no-owner",
        # Belongs to the embedded server, not to Evently; only a superuser can create it.
        "--exclude-extension=pg_stat_statements",
        "--rows-per-insert=200",
        f"--host={owner['HOST']}",
        f"--port={owner['PORT']}",
        f"--username={owner['USER']}",
        str(owner["NAME"]),
    ]
    environment = os.environ | {"PGPASSWORD": owner["PASSWORD"], "PGTZ": "UTC"}
    text = subprocess.run(
        command, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    return portable(text, application=settings.DATABASES["default"]["USER"])


def portable(text: str, *, application: str) -> str:
    """Leave out what an older PostgreSQL refuses, and the name of the application's role."""
    lines = [line for line in text.split("\n") if not line.startswith(UNKNOWN_TO_OLDER)]
    return "\n".join(lines).replace(application, APPLICATION)


def main(name: str) -> None:
    """Make the dump of this name."""
    django.setup()
    from django.core.management import call_command

    from tests.upgrade.fill import Story

    call_command("migrate", verbosity=0)
    Story().tell()
    with (
        (FOLDER / f"{name}.sql.gz").open("wb") as file,
        # No time and no file name in the header: the same text gives the same bytes.
        gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=9, mtime=0) as packed,
    ):
        packed.write(dump().encode())


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evently.settings")
    main(sys.argv[1])
