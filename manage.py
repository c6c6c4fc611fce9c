#!/usr/bin/env python
"""Run Evently's management commands."""

import os
import sys

# Commands that write static files or code.
PUBLIC_FILES = frozenset({"collectstatic", "makemigrations", "startapp", "makemessages"})


def main() -> None:
    """Hand the command line to Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evently.settings")
    if not PUBLIC_FILES.intersection(sys.argv):
        # What commands write may contain personal data: exports, reports, the mailbox.
        os.umask(0o077)
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # What to do, without a traceback.
        sys.exit(str(error))
    except OperationalError:
        from evently.waiting import database_problem

        problem = database_problem("default") or database_problem("owner")
        if not problem:
            raise
        sys.exit(problem)


if __name__ == "__main__":
    main()
