"""Back up the embedded database while Evently runs; restore it into an empty EVENTLY_HOME.

    script/backup FILE
    EVENTLY_HOME=/new/folder script/backup --restore FILE

The file has one moment of the database, whatever is booked meanwhile. With a database of your own,
use its pg_dump and pg_restore (docs/operating.md).
"""

import os
import subprocess
import sys
from pathlib import Path

from evently.embedded import addresses, servers
from evently.embedded.__main__ import main as beside_servers
from evently.embedded.postgres import DATABASE
from evently.embedded.programs import postgres_programs
from evently.embedded.state import CannotStart

OWNER = "evently_owner"
RESTORE, LOAD = "--restore", "--load"


def dump(file: Path) -> None:
    """Write the running database to a file, which is complete or absent. Raises CannotStart."""
    if "postgres" not in addresses.ports():
        raise CannotStart(f"No Evently has been started with EVENTLY_HOME={addresses.home()}.")
    draft = file.with_name(f"{file.name}.part")
    # It has names and addresses, sealed, beside the wrapped keys.
    os.umask(0o077)
    _run(
        # Only a superuser may create this extension, and each start does.
        *("pg_dump", "--format=custom", "--exclude-extension=pg_stat_statements"),
        # Each `migrate` creates these views; the key of pseudonyms is not to outlive its month.
        *("--exclude-schema=analytics*", "--exclude-table-data=secrets.pseudonym_keys"),
        *("--file", str(draft)),
    )
    draft.replace(file)


def restore(file: Path) -> int:
    """Start the servers of an empty EVENTLY_HOME, load a file, stop them. Raises CannotStart."""
    home = addresses.home()
    if "postgres" not in servers.needed():
        raise CannotStart("DATABASE_URL names a database of your own: use pg_restore.")
    if home.exists() and any(home.iterdir()):
        raise CannotStart(f"{home} is not empty. Set EVENTLY_HOME to a new folder.")
    if not file.is_file():
        raise CannotStart(f"There is no file {file}.")
    return beside_servers(["--", sys.executable, "-m", __spec__.name, LOAD, str(file)])


def load(file: Path) -> None:
    """Load a file into the database of running servers, as a whole or not at all."""
    _run(
        *("pg_restore", "--no-owner", "--exit-on-error", "--single-transaction"),
        *(f"--dbname={DATABASE}", str(file)),
    )


def _run(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs as the owner of the tables. Raises CannotStart."""
    login = {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(addresses.ports()["postgres"]),
        "PGUSER": OWNER,
        "PGPASSWORD": str(addresses.passwords()[OWNER]),
        "PGDATABASE": DATABASE,
        "PGCONNECT_TIMEOUT": "5",
    }
    done = subprocess.run(
        [str(postgres_programs() / program), *arguments], env=os.environ | login, check=False
    )
    if done.returncode != 0:
        raise CannotStart(f"{program} failed; see the message above.")


def main(arguments: list[str]) -> int:
    """Back up, or restore."""
    *verb, file = arguments or [""]
    if not file or file.startswith("-") or verb not in ([], [RESTORE], [LOAD]):
        print(__doc__, file=sys.stderr)
        return 2
    path = Path(file).absolute()
    try:
        if verb == [RESTORE]:
            return restore(path)
        if verb == [LOAD]:
            load(path)
            print(f"Restored into {addresses.home()}.")
        else:
            dump(path)
            print(f"Backed up to {path}.")
    except CannotStart as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
