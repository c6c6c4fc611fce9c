"""Files and folders that only Evently's own user can read, whatever the umask is."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

UMASK = 0o077
FOLDER_MODE = 0o700
FILE_MODE = 0o600
# A folder whose files the servers' user reaches by its group, when root starts them.
PASSAGE_MODE = 0o710


def make_folder(folder: Path) -> None:
    """Create a folder, with its parents, where it is missing; parents made here are private too."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=FOLDER_MODE, exist_ok=True)
        path.chmod(FOLDER_MODE)


def write(path: Path, content: bytes) -> None:
    """Write a new file."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, FILE_MODE)
        file.write(content)


def make_private(folder: Path) -> None:
    """Take away other users' rights to a folder and all it contains; links are not followed.

    What belongs to another user stays as it is: only that user, or root, may change it. So does
    the passage of a group (`let_pass`): servers that run may be using it at this moment.
    """
    if stat.S_IMODE(folder.stat().st_mode) != PASSAGE_MODE:
        _chmod(folder, FOLDER_MODE)
    for path in _below(folder):
        _chmod(path, FOLDER_MODE if path.is_dir() else FILE_MODE)


def _below(folder: Path) -> Iterator[Path]:
    """Yield what is in a folder, without links; databases keep their own files private."""
    for path in folder.iterdir():
        if path.is_symlink():
            continue
        yield path
        if path.is_dir() and not (path / "PG_VERSION").exists():
            yield from _below(path)


def _chmod(path: Path, mode: int) -> None:
    try:
        if stat.S_IMODE(path.stat().st_mode) != mode:
            path.chmod(mode)
    except (PermissionError, FileNotFoundError):
        pass


def let_pass(folder: Path, *, gid: int) -> None:
    """Let a group pass through a folder, without listing it. Only root can."""
    os.chown(folder, -1, gid)
    folder.chmod(PASSAGE_MODE)
