"""A folder of this machine as cold storage."""

import os
from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage


class PrivateFolder(FileSystemStorage):
    """Files that only Evently's user can read, on disk once they are saved.

    Rows are deleted from the database on the strength of a file, which must outlast a power cut as
    the database's commit does.
    """

    def __init__(self, *, location: str) -> None:
        super().__init__(
            location=location, file_permissions_mode=0o600, directory_permissions_mode=0o700
        )

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Return the name as it is: one that is listed must be the one that was written."""
        if self.exists(name):
            raise FileExistsError(name)
        return name

    def delete(self, name: str) -> None:
        """Delete a file for good: it must not be there again after a power cut."""
        super().delete(name)
        folder = Path(self.path(name)).parent
        if folder.exists():
            _sync(folder)

    def _save(self, name: str, content: Any) -> str:
        saved: str = super()._save(name, content)  # type: ignore[misc]
        path = Path(self.path(saved))
        for each in (path, *path.parents[: len(Path(saved).parts)]):
            _sync(each)
        return saved


def _sync(path: Path) -> None:
    """Have a file, or the entries of a folder, written to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
