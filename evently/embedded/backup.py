"""Back up the embedded database while Evently runs; restore it into an empty EVENTLY_HOME.

    script/backup FILE [--keys FILE]
    EVENTLY_HOME=/new/folder script/backup --restore FILE [--keys FILE | --without-keys]
        --register FILE

A backup is two files of one moment: FILE has the data, with names and email addresses encrypted,
and the file of the keys is what opens them, by default in `keys/` beside FILE. Keep them apart.
Backups of keys in that folder that are older than KEY_BACKUP_DAYS are deleted: without them, people
who were erased since cannot be read in old data either.

--register: the register of erasures of the original (ERASURE_REGISTER), which the copy needs to
erase the same people again. With a database of your own, use its pg_dump and pg_restore
(docs/operating.md).
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from evently.embedded import addresses, servers
from evently.embedded.__main__ import main as beside_servers
from evently.embedded.postgres import DATABASE
from evently.embedded.programs import postgres_programs
from evently.embedded.state import CannotStart

OWNER = "evently_owner"
KEYS = "keys"
ENDING = ".keys.dump"
LEFT_OUT = (
    f"--exclude-table-data={KEYS}.*",
    # Only a superuser may create this extension, and each start does.
    "--exclude-extension=pg_stat_statements",
    # Each `migrate` creates these views; the key of pseudonyms is not to outlive its month.
    "--exclude-schema=analytics*",
    "--exclude-table-data=secrets.pseudonym_keys",
)
DAY_SECONDS = 24 * 3600
# As evently.settings.users has it.
DEFAULT_DAYS = 14

Login = Mapping[str, str]


def keys_file_of(file: Path) -> Path:
    """Return where the keys of a backup are, unless --keys says otherwise."""
    folder = os.environ.get("KEY_BACKUP_FOLDER")
    return (Path(folder) if folder else file.parent / KEYS) / f"{file.stem}{ENDING}"


def dump(file: Path, keys: Path, login: Login) -> None:
    """Write data and keys of one moment to two files, each complete or absent.

    Raises CannotStart.
    """
    # They have names and addresses, encrypted, and what decrypts them.
    os.umask(0o077)
    keys.parent.mkdir(parents=True, exist_ok=True)
    data_draft, keys_draft = (path.with_name(f"{path.name}.part") for path in (file, keys))
    with _snapshot(login) as snapshot:
        common = ("pg_dump", "--format=custom", f"--snapshot={snapshot}")
        _run(*common, *LEFT_OUT, "--file", str(data_draft), login=login)
        only = ("--data-only", f"--schema={KEYS}")
        _run(*common, *only, "--file", str(keys_draft), login=login)
    keys_draft.replace(keys)
    data_draft.replace(file)


@contextmanager
def _snapshot(login: Login) -> Iterator[str]:
    """Yield the name of a moment of the database, which both dumps show."""
    try:
        with psycopg.connect(
            host=login["PGHOST"],
            port=login["PGPORT"],
            user=login["PGUSER"],
            password=login["PGPASSWORD"],
            dbname=login["PGDATABASE"],
            connect_timeout=5,
        ) as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            row = connection.execute("SELECT pg_export_snapshot()").fetchone()
            assert row is not None
            yield str(row[0])
    except psycopg.OperationalError as error:
        raise CannotStart(f"The database does not answer: {type(error).__name__}.") from error


def delete_old_keys(folder: Path, *, days: int, now: float) -> list[Path]:
    """Delete backups of keys that are older than so many days, and return them."""
    old = [
        path
        for path in sorted(folder.glob(f"*{ENDING}"))
        if path.stat().st_mtime < now - days * DAY_SECONDS
    ]
    for path in old:
        path.unlink()
    return old


def days_kept() -> int:
    """Return KEY_BACKUP_DAYS."""
    text = os.environ.get("KEY_BACKUP_DAYS", "").strip()
    return int(text) if text.isdigit() and int(text) else DEFAULT_DAYS


def restore(file: Path, keys: Path | None, register: Path | None) -> int:
    """Start the servers of an empty EVENTLY_HOME, load the files, stop them. Raises CannotStart."""
    home = addresses.home()
    if "postgres" not in servers.needed():
        raise CannotStart("DATABASE_URL names a database of your own: use pg_restore.")
    if home.exists() and any(home.iterdir()):
        raise CannotStart(f"{home} is not empty. Set EVENTLY_HOME to a new folder.")
    for path in (file, keys, register):
        if path is not None and not path.is_file():
            raise CannotStart(f"There is no file {path}.{_hint(path, keys)}")
    command = [sys.executable, "-m", __spec__.name, "--load", str(file)]
    command += ["--keys", str(keys)] if keys else ["--without-keys"]
    code = beside_servers(["--", *command])
    if code == 0 and register is not None:
        target = home / "erasures.jsonl"
        shutil.copyfile(register, target)
        target.chmod(0o600)
    return code


def _hint(path: Path, keys: Path | None) -> str:
    if path != keys:
        return ""
    return (
        " Name the backup of the keys with --keys, or restore --without-keys: names and email "
        "addresses stay unreadable then. (A backup of an earlier release has them in its one file.)"
    )


def load(file: Path, keys: Path | None, login: Login) -> None:
    """Load the files into an empty database, each as a whole or not at all. Raises CannotStart."""
    _load(file, login=login)
    if keys is not None:
        load_keys(keys, login)


def load_keys(keys: Path, login: Login) -> None:
    """Load people's keys into a database that has the data. Raises CannotStart."""
    _load(keys, "--data-only", login=login)


def _load(file: Path, *more: str, login: Login) -> None:
    common = ("pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", *more)
    _run(*common, f"--dbname={login['PGDATABASE']}", str(file), login=login)


def embedded_login() -> Login:
    """Return libpq's variables for the owner of the running database. Raises CannotStart."""
    if "postgres" not in addresses.ports():
        raise CannotStart(f"No Evently has been started with EVENTLY_HOME={addresses.home()}.")
    return {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(addresses.ports()["postgres"]),
        "PGUSER": OWNER,
        "PGPASSWORD": str(addresses.passwords()[OWNER]),
        "PGDATABASE": DATABASE,
        "PGCONNECT_TIMEOUT": "5",
    }


def _run(program: str, *arguments: str, login: Login) -> None:
    """Run one of PostgreSQL's programs as the owner of the tables. Raises CannotStart."""
    done = subprocess.run(
        [str(postgres_programs() / program), *arguments],
        env={**os.environ, **login},
        check=False,
    )
    if done.returncode != 0:
        raise CannotStart(f"{program} failed; see the message above.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="script/backup",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=lambda text: Path(text).absolute())
    parser.add_argument("--restore", action="store_true")
    parser.add_argument("--load", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--keys", type=lambda text: Path(text).absolute())
    parser.add_argument("--without-keys", action="store_true")
    parser.add_argument("--register", type=lambda text: Path(text).absolute())
    return parser


def main(arguments: list[str]) -> int:
    """Back up, or restore."""
    given = _parser().parse_args(arguments)
    keys = None if given.without_keys else given.keys or keys_file_of(given.file)
    try:
        if given.restore:
            return restore(given.file, keys, given.register)
        if given.load:
            load(given.file, keys, embedded_login())
            print(f"Restored into {addresses.home()}.")
            return 0
        keys = given.keys or keys_file_of(given.file)
        dump(given.file, keys, embedded_login())
        print(f"Backed up to {given.file}, the keys to {keys}.")
        for path in delete_old_keys(keys.parent, days=days_kept(), now=time.time()):
            print(f"Deleted {path}, which is older than {days_kept()} days.")
    except CannotStart as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
