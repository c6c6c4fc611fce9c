"""The drill of erasing: back up, erase, restore, be refused, replay, look for what is left.

    script/drill_erasure [--keep FOLDER]

Each phase runs beside embedded servers of its own, with the development settings. It ends with
status 1 at the first sentence that is not true.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from evently.embedded import backup
from evently.embedded.programs import postgres_programs
from evently.environment import BASE_DIR
from evently.variables import NAMES

LIVE, RESTORED, KEYLESS = "live", "restored", "without-keys"
DATA, KEYS = "data.dump", "keys/data.keys.dump"
REGISTER = "erasures.jsonl"
FIFTEEN_DAYS = 15 * 24 * 3600


def insist(true: bool, sentence: str) -> None:
    """Print a sentence that was checked, or end where it is not true."""
    print(f"  {'ok' if true else 'NOT TRUE'}: {sentence}", flush=True)
    if not true:
        sys.exit(1)


# ── What is looked for ──────────────────────────────────────────────────────
def words_in_dump(file: Path) -> list[str]:
    """Return which of the person's words a dump has in plain text."""
    from bench.erasure_traces import WORDS

    program = [str(postgres_programs() / "pg_restore"), "--file=-", str(file)]
    text = subprocess.run(program, capture_output=True, check=True).stdout.decode().lower()
    return [word for word in WORDS if word in text]


# ── Phases, each beside servers of its own ──────────────────────────────────
def live(folder: Path) -> None:
    """Fill a database, back it up, erase the person."""
    from django.core.management import call_command

    from bench import erasure_traces as traces
    from boxoffice.lifecycle import operations
    from evently.erasure import restoring, tasks
    from evently.preflight import problems

    call_command("migrate", verbosity=0)
    restoring.adopt()
    person = traces.fill()
    insist(traces.opened() >= {traces.NAME, traces.EMAIL}, "the person can be read")
    insist(traces.plain() != [], "an organizer's reason about them is in plain text")
    backup.dump(folder / DATA, folder / KEYS, backup.embedded_login())
    insist(words_in_dump(folder / DATA) != [], "the backup has the organizer's reason")
    insist(operations.erase_person(user_id=person, at_once=True), "the person is erased")
    tasks.write_register()
    insist(traces.opened() & {traces.NAME, traces.EMAIL} == set(), "no key opens their name")
    insist(traces.plain() == [], "none of their words is in any table")
    insist(problems() == [], "the original may go on")
    backup.dump(folder / "after.dump", folder / "keys/after.keys.dump", backup.embedded_login())
    insist(words_in_dump(folder / "after.dump") == [], "a backup from now on has none of it")


def restored(folder: Path) -> None:
    """Look into the restored backup, be refused, replay."""
    from django.core.management import call_command

    from bench import erasure_traces as traces
    from evently.preflight import problems

    call_command("migrate", verbosity=0)
    insist(traces.NAME in traces.opened(), "with the keys of then, the old backup is readable")
    found = problems()
    insist(len(found) == 1 and "replay_erasures" in found[0], f"it refuses to start: {found[0]}")
    call_command("replay_erasures", dry_run=True)
    call_command("replay_erasures")
    insist(traces.opened() & {traces.NAME, traces.EMAIL} == set(), "no key opens their name")
    insist(traces.plain() == [], "none of their words is in any table")
    insist(traces.others_are_readable(), "everyone else can be read")
    insist(problems() == [], "it may start")


def keyless(folder: Path) -> None:
    """Look into the old data, restored without the keys."""
    from django.core.management import call_command

    from bench import erasure_traces as traces

    call_command("migrate", verbosity=0)
    insist(traces.opened() == set(), "without the keys of then, nobody's name can be opened")


PHASES = {LIVE: live, RESTORED: restored, KEYLESS: keyless}


# ── The order of things ─────────────────────────────────────────────────────
def run(folder: Path) -> int:
    """Run all phases in a folder; return the exit code."""
    for phase in steps(folder):
        if phase != 0:
            return phase
    removed = backup.delete_old_keys(
        folder / "keys", days=backup.DEFAULT_DAYS, now=time.time() + FIFTEEN_DAYS
    )
    insist(len(removed) == 2, "in fifteen days, the backups of the keys are deleted")
    print("All of it is true.")
    return 0


def steps(folder: Path) -> Iterator[int]:
    """Yield the exit code of each step."""
    print("A database with people, its backup, an erasure:")
    yield _phase(LIVE, folder)
    print("The backup, restored with its keys and the register:")
    register = folder / LIVE / REGISTER
    yield _script(folder / RESTORED, folder / DATA, "--keys", folder / KEYS, "--register", register)
    yield _phase(RESTORED, folder)
    print("The backup, restored without its keys:")
    yield _script(folder / KEYLESS, folder / DATA, "--without-keys", "--register", register)
    yield _phase(KEYLESS, folder)


def _environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in NAMES}
    return kept | {"EVENTLY_HOME": str(home), "DEMO": "false", "PYTHONPATH": str(BASE_DIR)}


def _phase(name: str, folder: Path) -> int:
    inner = [sys.executable, "-m", "bench.erasure_drill", "--phase", name, "--keep", str(folder)]
    command = [sys.executable, "-m", "evently.embedded", "--throwaway", "--", *inner]
    return subprocess.run(command, env=_environment(folder / name), check=False).returncode


def _script(home: Path, *arguments: object) -> int:
    command = [str(BASE_DIR / "script" / "backup"), "--restore", *map(str, arguments)]
    return subprocess.run(command, env=_environment(home), check=False).returncode


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/drill_erasure", description=__doc__)
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    parser.add_argument("--phase", choices=PHASES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.phase:
        import django

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evently.settings")
        django.setup()
        PHASES[given.phase](given.keep)
        return 0
    if given.keep:
        folder = given.keep.absolute()
        if folder.exists() and any(folder.iterdir()):
            print(f"{folder} is not empty.", file=sys.stderr)
            return 2
        folder.mkdir(parents=True, exist_ok=True)
        return run(folder)
    with tempfile.TemporaryDirectory(prefix="evently-drill-") as name:
        Path(name).chmod(0o711)
        return run(Path(name))


if __name__ == "__main__":
    sys.exit(main())
