"""A process that carries out steps in one database.

It prints the steps' names and most milliseconds, then reads names from standard input and answers
each with the milliseconds of the database's CPU per operation. The backend's own clock counts
nanoseconds.
"""

import json
import os
import sys
from pathlib import Path

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evently.settings")
    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = os.environ["DATABASE_URL"].rpartition("/")[2]
    django.setup()
    # Only after Django is set up may models be imported.
    from bench.growth.steps import Database, steps

    database = Database()
    known = steps(database)
    print(json.dumps({step.name: step.most for step in known.values()}), flush=True)
    for line in sys.stdin:
        step = known[line.strip()]
        before = nanoseconds()
        step.carry_out(database)
        print((nanoseconds() - before) / 1e6 / step.times, flush=True)


def nanoseconds() -> int:
    """Return the CPU time of this process's database backend so far."""
    from django.db import connection

    connection.ensure_connection()
    pid = connection.connection.info.backend_pid
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])


if __name__ == "__main__":
    main()
