"""Collect the static files for production; nothing is written where nothing has changed.

Files are collected in a temporary folder first, and replaced one by one. So a file is up to date
whatever the modification times of a new release are, web processes that run meanwhile never read
half a file, and files of the release before stay for pages that are still open in browsers.
"""

import filecmp
import hashlib
import inspect
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.management.commands import collectstatic
from django.core.management import CommandError, call_command
from django.utils.module_loading import import_string

STAMP = ".collected"
MANIFEST = "staticfiles.json"


def collect() -> bool:
    """Bring STATIC_ROOT up to date; return whether anything had to be written.

    Raises CommandError, with what to do, where the folder may not be written to.
    """
    root = Path(settings.STATIC_ROOT)
    digest = _digest_of_sources()
    if _is_current(root, digest):
        return False
    try:
        with tempfile.TemporaryDirectory(prefix="evently-static-") as draft:
            _collect_into(draft)
            _replace(root, Path(draft))
        _write(root / STAMP, digest.encode())
    except OSError as error:
        raise CommandError(
            f"The static files in {root} are not those of this release, and cannot be written "
            f"({error.strerror}: {error.filename}). Run `.venv/bin/python manage.py collectstatic` "
            "as a user who may write there, or set STATIC_ROOT to a folder that this user may "
            "write to."
        ) from error
    return True


def _is_current(root: Path, digest: str) -> bool:
    try:
        return (root / STAMP).read_text() == digest
    except OSError:
        return False


def _storage() -> Any:
    # Not an instance: it would read the manifest that is about to be replaced.
    return import_string(settings.STORAGES["staticfiles"]["BACKEND"])


def _digest_of_sources() -> str:
    """Return a digest of all that the collected files are made from."""
    found = hashlib.sha256()
    # What makes the collected files from them: our code, Django, WhiteNoise, compression.
    for kind in _storage().__mro__[:-1]:
        found.update(f"{kind.__module__}.{kind.__qualname__}".encode())
        found.update(Path(inspect.getfile(kind)).read_bytes())
    found.update(str(find_spec("brotli") is not None).encode())
    for finder in get_finders():
        for path, source in sorted(finder.list([]), key=lambda pair: pair[0]):
            with source.open(path) as file:
                found.update(f"\0{path}\0".encode())
                found.update(hashlib.sha256(file.read()).digest())
    return found.hexdigest()


def _collect_into(folder: str) -> None:
    command = collectstatic.Command()
    command.storage = _storage()(location=folder)
    call_command(command, interactive=False, verbosity=0)


def _replace(root: Path, draft: Path) -> None:
    """Copy what differs; the manifest last, as it names files that must be there."""
    files = [path for path in draft.rglob("*") if path.is_file()]
    for path in sorted(files, key=lambda path: (path.name == MANIFEST, path)):
        target = root / path.relative_to(draft)
        if not (target.is_file() and filecmp.cmp(path, target, shallow=False)):
            for folder in reversed(list(_missing_folders(target.parent))):
                folder.mkdir(exist_ok=True)
                folder.chmod(0o755)
            _write(target, path.read_bytes())


def _missing_folders(folder: Path) -> Iterator[Path]:
    while not folder.exists():
        yield folder
        folder = folder.parent


def _write(target: Path, content: bytes) -> None:
    """Replace a file atomically. Another user, such as a proxy's, may read it."""
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".new-", delete=False) as file:
        draft = Path(file.name)
        try:
            file.write(content)
            file.flush()
            draft.chmod(0o644)
            draft.replace(target)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
