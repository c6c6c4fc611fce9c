"""Delete all of Evently's data in an EVENTLY_HOME: `script/reset`.

    python -m evently.embedded.reset [--yes]

Follows links: when started by root, the embedded servers' data may be elsewhere, with a link in
EVENTLY_HOME. Files that Evently did not create stay.
"""

import shutil
import sys
from pathlib import Path

from evently.embedded import addresses, postgres, processes, programs, state, valkey
from evently.embedded.postgres import Postgres
from evently.embedded.valkey import Valkey

# All that Evently's processes create there; the lock comes last, since this process holds it.
OURS = (
    "postgres-*",
    "valkey",
    "mail",
    "erasures.jsonl",
    "metrics",
    "static",
    "celerybeat-schedule*",
    "postgres.log*",
    "valkey.log*",
    "ports.json*",
    "passwords.json*",
    "lock-*",
    "lock",
)


def reset(home: Path) -> list[Path]:
    """Delete Evently's data in a folder and behind its links; return the deleted paths.

    Raises AlreadyRunning while it is in use, CannotStart if the folder is not Evently's.
    """
    if not home.exists():
        return []
    state.make_home(home)
    state.lock_home(home, note="script/reset")
    deleted: list[Path] = []
    for pattern in OURS:
        for path in sorted(home.glob(pattern)):
            _stop_leftover_servers(path)
            deleted += _delete(path)
    _remove_if_empty(home)
    return deleted


def _stop_leftover_servers(path: Path) -> None:
    """Stop servers that a killed supervisor left running in a folder."""
    for program, stop_signal in (
        (postgres.PROGRAM, Postgres.stop_signal),
        (valkey.PROGRAM, Valkey.stop_signal),
    ):
        processes.stop_leftover(program, folder=path.resolve(), stop_signal=stop_signal)


def _delete(path: Path) -> list[Path]:
    """Delete a file or folder, and the target if it is a link; return the deleted paths."""
    deleted = [path]
    if path.is_symlink():
        target = path.resolve()
        if target.exists():
            deleted = _delete(target) + deleted
        path.unlink()
        if target.parent.parent == programs.SHARED:
            _remove_if_empty(target.parent)
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    return deleted


def _remove_if_empty(folder: Path) -> None:
    if not any(folder.iterdir()):
        folder.rmdir()


def main(arguments: list[str]) -> int:
    """Ask for confirmation, delete, and list what was deleted; return the exit code."""
    home = addresses.home()
    if arguments[:1] != ["--yes"]:
        print(f"This permanently deletes all events, users, bookings and emails in {home}.")
        print("Type yes to continue: ", end="", flush=True)
        if sys.stdin.readline().strip() != "yes":
            print("Nothing was deleted.")
            return 1
    try:
        deleted = reset(home)
    except (state.CannotStart, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(f"Deleted {path}" for path in deleted) or f"Nothing to delete in {home}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
