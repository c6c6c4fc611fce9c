"""Delete what an EVENTLY_HOME holds, to begin anew: `script/reset`.

    python -m evently.embedded.reset [--yes]

The embedded servers' data may lie elsewhere (root's home is out of their reach), with a link to
it in EVENTLY_HOME; it goes too. What Evently did not make stays.
"""

import shutil
import sys
from pathlib import Path

from evently.embedded import addresses, postgres, processes, programs, state, valkey
from evently.embedded.postgres import Postgres
from evently.embedded.valkey import Valkey

# Everything that Evently's processes leave there; the lock last, which this one holds meanwhile.
OURS = (
    "postgres-*",
    "valkey",
    "mail",
    "metrics",
    "celerybeat-schedule*",
    "postgres.log*",
    "valkey.log*",
    "ports.json*",
    "passwords.json*",
    "lock",
)


def reset(home: Path) -> list[Path]:
    """Delete Evently's data in a folder and what links there lead to; return what went.

    Raises AlreadyRunning while it is in use, CannotStart where the folder is not Evently's.
    """
    if not home.exists():
        return []
    state.make_home(home)
    state.lock_home(home, note="being emptied")
    gone: list[Path] = []
    for pattern in OURS:
        for path in sorted(home.glob(pattern)):
            _send_servers_off(path)
            gone += _delete(path)
    _remove_if_empty(home)
    return gone


def _send_servers_off(path: Path) -> None:
    """End a server that a killed supervisor left there."""
    for program, polite in (
        (postgres.PROGRAM, Postgres.polite_signal),
        (valkey.PROGRAM, Valkey.polite_signal),
    ):
        processes.send_off(program, folder=path.resolve(), polite=polite)


def _delete(path: Path) -> list[Path]:
    """Delete a file or folder, and what it leads to where it is a link; return the paths."""
    gone = [path]
    if path.is_symlink():
        place = path.resolve()
        if place.exists():
            gone = _delete(place) + gone
        path.unlink()
        if place.parent.parent == programs.SHARED:
            _remove_if_empty(place.parent)
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    return gone


def _remove_if_empty(folder: Path) -> None:
    if not any(folder.iterdir()):
        folder.rmdir()


def main(arguments: list[str]) -> int:
    """Ask, delete, and say what went; 1 where nothing could be deleted, or was not wanted."""
    home = addresses.home()
    if arguments[:1] != ["--yes"]:
        print(f"This deletes all events, people, bookings and mails in {home}, for good.")
        print("Type yes to go on: ", end="", flush=True)
        if sys.stdin.readline().strip() != "yes":
            print("Nothing was deleted.")
            return 1
    try:
        gone = reset(home)
    except (state.CannotStart, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(f"Deleted {path}" for path in gone) or f"There was nothing in {home}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
