"""The state in an EVENTLY_HOME: the lock of its supervisor, ports, passwords."""

import fcntl
import json
import os
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from evently import private_files
from evently.embedded import addresses
from evently.embedded.processes import choose_port

MAILBOX = "mail"
# What `manage.py` commands may create before the first start.
MADE_EARLIER = {MAILBOX, "static"}
# Files that every start creates in its EVENTLY_HOME, and that are unlikely elsewhere.
MARKER_FILES = ("lock", "passwords.json", "ports.json")
ROLES = ("evently", "evently_owner", "evently_app", "valkey")


class CannotStart(RuntimeError):
    """Evently cannot start until the user changes something; the text says what."""


class AlreadyRunning(CannotStart):
    """Another supervisor uses this EVENTLY_HOME."""


def make_home(home: Path) -> None:
    """Create EVENTLY_HOME, and make it and what it contains private.

    From now on, so is all that this process and its children write. Raises CannotStart if the
    folder contains other files, or cannot be used.
    """
    os.umask(private_files.UMASK)
    try:
        try:
            home.mkdir(mode=private_files.FOLDER_MODE, parents=True)
        except FileExistsError:
            _refuse_foreign(home)
        private_files.make_private(home)
    except OSError as error:
        raise CannotStart(
            f"Evently cannot use {home} for its data ({error.strerror}). "
            "Set EVENTLY_HOME to a folder that you may write to."
        ) from error


def _refuse_foreign(home: Path) -> None:
    """Raise CannotStart if a folder contains files, but none of Evently's, or is for all users.

    EVENTLY_HOME=/tmp, for example, is a mistake.
    """
    if home.stat().st_mode & stat.S_ISVTX:
        raise CannotStart(
            f"{home} is a folder for files of all users. Set EVENTLY_HOME to a folder of its own."
        )
    present = {path.name for path in home.iterdir()} - MADE_EARLIER
    if present and not any((home / name).is_file() for name in MARKER_FILES):
        raise CannotStart(
            f"{home} contains other files, and Evently needs a folder for its data only. "
            "Set EVENTLY_HOME to a folder that is empty or does not exist yet."
        )


def lock_home(home: Path, *, note: str) -> int:
    """Lock EVENTLY_HOME until this process ends, and return the lock's file descriptor.

    note: shown by a second supervisor to identify this one. The kernel releases the lock when the
    process dies, so there is nothing to clean up.
    Raises AlreadyRunning; CannotStart if the folder cannot be opened.
    """
    lock = _open_lock(home, "lock")
    _take(lock, fcntl.LOCK_EX, home)
    _write_note(lock, note)
    return lock


def lock_roles(home: Path, roles: Iterable[str], *, note: str) -> list[int]:
    """Lock only some roles, which processes of other roles may run beside; otherwise the same."""
    shared = _open_lock(home, "lock")
    _take(shared, fcntl.LOCK_SH, home)
    locks = [shared]
    for role in roles:
        lock = _open_lock(home, f"lock-{role}")
        _take(lock, fcntl.LOCK_EX, home)
        _write_note(lock, note)
        locks.append(lock)
    return locks


def _open_lock(home: Path, name: str) -> int:
    try:
        return os.open(home / name, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise CannotStart(
            f"Evently cannot open {home} ({error.strerror}); it may belong to another user. "
            "Set EVENTLY_HOME to another folder."
        ) from error


def _take(lock: int, kind: int, home: Path) -> None:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(lock, 500, 0).decode(errors="replace").strip()
        os.close(lock)
        raise AlreadyRunning(
            f"Evently is already running with EVENTLY_HOME={home} ({holder or 'just starting'}). "
            "Stop it first, or set another EVENTLY_HOME and another PORT."
        ) from error


def _write_note(lock: int, note: str) -> None:
    os.ftruncate(lock, 0)
    os.pwrite(lock, note.encode(), 0)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Replace a file atomically, readable by its owner only."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def choose_ports(home: Path, names: list[str]) -> dict[str, int]:
    """Choose the embedded servers' ports, the same as last time if they are free.

    They are written to ports.json, where `manage.py` commands find them.
    """
    previous = addresses.ports()
    ports: dict[str, int] = {}
    for name in names:
        ports[name] = choose_port(previous.get(name), taken=set(ports.values()))
    if ports:
        write_json(home / "ports.json", previous | ports)
    return ports


def ensure_passwords(home: Path) -> dict[str, str]:
    """Return {role: password}; missing ones are generated and written to passwords.json."""
    passwords = {role: word for role, word in addresses.passwords().items() if word}
    missing = [role for role in ROLES if role not in passwords]
    if missing:
        passwords |= {role: secrets.token_urlsafe(24) for role in missing}
        write_json(home / "passwords.json", passwords)
    return passwords
