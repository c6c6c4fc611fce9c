"""Statements without a web server: pgbench, which comes with the embedded PostgreSQL."""

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from bench.stage.http_load import CLIENTS, Outcome
from bench.stage.servers import Servers
from evently.embedded.programs import postgres_programs

TPS = re.compile(r"tps = ([\d.]+) \(without initial connection time\)")


@dataclass
class Pgbench:
    """One prepared statement by many clients, as the application's role.

    statement: with `:name` for values, of which each call takes one by chance. transactions: of all
    clients.
    """

    servers: Servers
    statement: str
    values: Mapping[str, Sequence[UUID]]
    transactions: int

    def __call__(self) -> Outcome:
        """Run it. Raises CalledProcessError."""
        each = max(self.transactions // CLIENTS, 1)
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "script.sql"
            script.write_text(self.script())
            done = subprocess.run(
                [
                    *(str(postgres_programs() / "pgbench"), "--no-vacuum", "--protocol=prepared"),
                    *(f"--client={CLIENTS}", f"--transactions={each}", f"--file={script}"),
                ],
                env=os.environ | self._login() | {"PGOPTIONS": "-c role=evently_worker"},
                check=True,
                capture_output=True,
                text=True,
            )
        found = TPS.search(done.stdout)
        if found is None:
            raise ValueError(f"unexpected output of pgbench:\n{done.stdout}")
        return Outcome(each * CLIENTS / float(found[1]), [0.0] * each * CLIENTS)

    def script(self) -> str:
        """Return pgbench's script: its variables are numbers, which choose from arrays."""
        lines = []
        statement = self.statement
        for name, values in self.values.items():
            lines.append(f"\\set {name}_number random(1, {len(values)})")
            array = ",".join(f"'{value}'" for value in values)
            chosen = f"(ARRAY[{array}]::uuid[])[:{name}_number]"
            statement = statement.replace(f":{name}", chosen)
        return "\n".join([*lines, statement])

    def _login(self) -> dict[str, str]:
        from django.conf import settings

        database = settings.DATABASES["default"]
        return {
            "PGHOST": database["HOST"],
            "PGPORT": str(database["PORT"]),
            "PGUSER": database["USER"],
            "PGPASSWORD": database["PASSWORD"],
            "PGDATABASE": database["NAME"],
        }
