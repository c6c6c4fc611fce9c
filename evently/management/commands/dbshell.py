"""Open psql, also where none is installed: the embedded PostgreSQL includes one."""

import os
from typing import Any

from django.core.management.commands import dbshell

from evently.embedded import servers
from evently.embedded.programs import postgres_programs
from evently.embedded.state import CannotStart


class Command(dbshell.Command):
    """Django's own dbshell; `--database owner` connects as the owner of the tables."""

    def handle(self, **options: Any) -> None:
        machine = os.environ.get("PATH", os.defpath)
        try:
            wheel = str(postgres_programs())
        except CannotStart:
            wheel = ""
        # The embedded server's own psql matches its version. For other servers an installed psql is
        # preferred, since the embedded one has no TLS.
        embedded = "postgres" in servers.needed()
        order = [wheel, machine] if embedded else [machine, wheel]
        os.environ["PATH"] = os.pathsep.join(part for part in order if part)
        super().handle(**options)
