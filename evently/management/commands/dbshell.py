"""Open psql, also where the machine has none: the embedded PostgreSQL brings one."""

import os
from typing import Any

from django.core.management.commands import dbshell

from evently.embedded import servers
from evently.embedded.programs import postgres_programs
from evently.embedded.state import CannotStart


class Command(dbshell.Command):
    """Django's own dbshell; `--database owner` opens it as the tables' owner."""

    def handle(self, **options: Any) -> None:
        """Find psql and hand over to it."""
        machine = os.environ.get("PATH", os.defpath)
        try:
            wheel = str(postgres_programs())
        except CannotStart:
            wheel = ""
        # The embedded server's own psql knows its version; for other servers the machine's
        # psql goes first, which speaks TLS.
        embedded = "postgres" in servers.needed()
        order = [wheel, machine] if embedded else [machine, wheel]
        os.environ["PATH"] = os.pathsep.join(part for part in order if part)
        super().handle(**options)
