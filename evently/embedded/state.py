"""What an EVENTLY_HOME remembers: who runs it, its ports, its passwords."""

import fcntl
import json
import os
import secrets
import stat
from pathlib import Path
from typing import Any

from evently.embedded import addresses
from evently.embedded.processes import choose_port

MAILBOX = "mail"
# Files that every start leaves in its EVENTLY_HOME, and hardly anybody else anywhere.
SIGNS_OF_OURS = ("lock", "passwords.json", "ports.json")
ROLES = ("evently", "evently_owner", "evently_app", "valkey")


class CannotStart(RuntimeError):
    """Something the person at the terminal has to change; the text says what."""


class AlreadyRunning(CannotStart):
    """Another supervisor runs this EVENTLY_HOME."""


def make_home(home: Path) -> None:
    """Create EVENTLY_HOME, or take a folder that is there, with the mode it has.

    Raises CannotStart where it holds something else, or cannot be used.
    """
    try:
        try:
            home.mkdir(mode=0o700, parents=True)
        except FileExistsError:
            _refuse_strange(home)
        _let_servers_pass(home)
    except OSError as error:
        raise CannotStart(
            f"Evently cannot use {home} for its data ({error.strerror}). "
            "Set EVENTLY_HOME to a folder that you may write to."
        ) from error


def _refuse_strange(home: Path) -> None:
    """Raise CannotStart where a folder holds what Evently did not put there, and nothing it did.

    EVENTLY_HOME=/tmp, say, is a slip.
    """
    # A manage.py command that sends mail in development makes this one before the first start.
    present = {path.name for path in home.iterdir()} - {MAILBOX}
    if present and not any((home / name).is_file() for name in SIGNS_OF_OURS):
        raise CannotStart(
            f"{home} holds other files, and Evently keeps its data in a folder of its own. "
            "Set EVENTLY_HOME to a folder that is empty or does not exist yet."
        )


def _let_servers_pass(home: Path) -> None:
    """Let the servers' own user pass through a folder that is root's alone, and still empty."""
    found = home.stat()
    private = found.st_uid == 0 and stat.S_IMODE(found.st_mode) == 0o700
    # One that holds something was made so by somebody, who may rely on it.
    if os.geteuid() == 0 and private and not any(home.iterdir()):
        home.chmod(0o711)


def lock_home(home: Path, *, note: str) -> int:
    """Take EVENTLY_HOME for this process until it ends, and return the lock's descriptor.

    note: what a second supervisor shows about this one. The kernel lets go of the lock when
    the process dies, so nothing is left to clean up.
    Raises AlreadyRunning.
    """
    try:
        lock = os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise CannotStart(
            f"{home} cannot be opened ({error.strerror}); another user may have started it. "
            "Set EVENTLY_HOME to a folder of your own."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(lock, 500, 0).decode(errors="replace").strip()
        os.close(lock)
        raise AlreadyRunning(
            f"Evently already runs with EVENTLY_HOME={home} ({holder or 'just starting'}). "
            "Stop it first, or choose another EVENTLY_HOME and another PORT."
        ) from error
    os.ftruncate(lock, 0)
    os.pwrite(lock, note.encode(), 0)
    return lock


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Replace a file at once and for its owner only, so that nobody reads half of it."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def settle_ports(home: Path, names: list[str]) -> dict[str, int]:
    """Choose the embedded servers' ports, the same as last time where possible.

    They are written to ports.json, where `manage.py` commands find them.
    """
    remembered = addresses.ports()
    ports: dict[str, int] = {}
    for name in names:
        ports[name] = choose_port(remembered.get(name), taken=set(ports.values()))
    if ports:
        write_json(home / "ports.json", remembered | ports)
    return ports


def settle_passwords(home: Path) -> dict[str, str]:
    """Return a password for each role, made at random on the first start."""
    remembered = {role: word for role, word in addresses.passwords().items() if word}
    missing = [role for role in ROLES if role not in remembered]
    if missing:
        remembered |= {role: secrets.token_urlsafe(24) for role in missing}
        write_json(home / "passwords.json", remembered)
    return remembered
