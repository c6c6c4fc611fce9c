"""The files of cold storage: gzip, one row per line, as JSON; a manifest beside each.

A line is a list: the row as PostgreSQL writes it, and its texts that may say something about a
person, sealed under that person's key: they are unreadable once the key is destroyed. None of this
holds a transaction open, however long the storage takes.
"""

import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

from evently.lifecycle import signing
from evently.lifecycle.failures import ColdFileDamaged, ColdFileExists, ColdStorageUnreachable
from evently.lifecycle.models import ColdFile, ColdState

__all__ = ["ColdFileDamaged", "ColdFileExists", "ColdStorageUnreachable"]

# How many of the newest files tell whether this is the place that it was.
NEWEST = 3


@dataclass(frozen=True)
class Line:
    """One row of a file. row: JSON of its columns; sealed: texts by column, each sealed or ""."""

    row: str
    sealed: dict[str, str]

    @property
    def encoded(self) -> str:
        return f"[{self.row},{json.dumps(self.sealed)}]"

    @classmethod
    def decoded(cls, text: str) -> "Line":
        """Take a line apart, and leave the row as it is written: its numbers stay exact."""
        _, end = json.JSONDecoder().raw_decode(text, 1)
        return cls(text[1:end], json.loads(text[end + 1 : -1]))


def cold_storage() -> Storage:
    return storages["cold"]


def packed(lines: Sequence[Line]) -> bytes:
    """Return the content of a file; the same lines give the same bytes."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0, filename="") as file:
        for line in lines:
            file.write(line.encoded.encode() + b"\n")
    return buffer.getvalue()


def unpacked(content: bytes) -> Iterator[Line]:
    """Yield the lines of a file, which is never in memory as a whole. Raises ColdFileDamaged."""
    for line in _lines(content):
        yield _decoded(line)


def _lines(content: bytes) -> Iterator[bytes]:
    try:
        with gzip.open(io.BytesIO(content)) as file:
            yield from file
    except (OSError, EOFError, zlib.error) as error:
        raise ColdFileDamaged("The file cannot be unpacked.") from error


def _decoded(line: bytes) -> Line:
    try:
        return Line.decoded(line.decode().rstrip("\n"))
    except (ValueError, IndexError) as error:
        raise ColdFileDamaged("The file has a line that cannot be read.") from error


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def signed_part(cold: ColdFile) -> bytes:
    """Return what the signature of a file is over."""
    return signing.manifest(
        table=cold.table_name,
        month=f"{cold.month:%Y-%m}",
        rows=cold.rows,
        sha256=cold.sha256,
    )


def manifest_name(name: str) -> str:
    return f"{name}.json"


def insist_on_place() -> None:
    """Refuse a place that has none of the newest files: what is written there may be lost.

    The volume may not be mounted, or COLD_STORAGE_URL name another place than before.
    Raises ColdStorageUnreachable.
    """
    listed = ColdFile.objects.exclude(state=ColdState.WRITING).order_by("-stored_at", "-pk")
    newest = list(listed.values_list("name", flat=True)[:NEWEST])
    storage = cold_storage()
    with answering():
        if newest and not any(storage.exists(name) for name in newest):
            raise ColdStorageUnreachable(
                f"Cold storage does not have its newest file, {newest[0]}: it is another place "
                "than before, or its volume is not mounted. Mount it, correct COLD_STORAGE_URL, or "
                "copy the files to the new place."
            )


def write(cold: ColdFile, content: bytes) -> None:
    """Write a file and its manifest, and read both back.

    Raises ColdFileExists, ColdFileDamaged, ColdStorageUnreachable.
    """
    storage = cold_storage()
    facts = json.dumps(signing.described(signed_part(cold), cold.signature), indent=2) + "\n"
    parts = ((cold.name, content), (manifest_name(cold.name), facts.encode()))
    with answering():
        if any(storage.exists(name) for name, _ in parts):
            raise ColdFileExists(f"Cold storage has a file {cold.name} already.")
        for name, data in parts:
            storage.save(name, ContentFile(data))
            if _content(name) != data:
                raise ColdFileDamaged(f"{name} is not what was written.")


def lines_of(cold: ColdFile, *, containing: str = "") -> Iterator[Line]:
    """Yield the rows of a file, after its checksum and signature were checked.

    containing: only rows that have this text anywhere; the others are not taken apart.
    The number of rows is checked at the end.
    Raises ColdFileDamaged, ColdStorageUnreachable.
    """
    content = _checked(cold)
    word, count = containing.encode(), 0
    for line in _lines(content):
        count += 1
        if word in line:
            yield _decoded(line)
    if count != cold.rows:
        raise ColdFileDamaged(f"{cold.name} has {count} rows instead of {cold.rows}.")


def read(cold: ColdFile) -> list[Line]:
    """Return the rows of a file, all checks done.

    Raises ColdFileDamaged, ColdStorageUnreachable.
    """
    return list(lines_of(cold))


def _checked(cold: ColdFile) -> bytes:
    """Return the content of a file that is as it was written."""
    try:
        content = _content(cold.name)
    except FileNotFoundError as error:
        raise ColdFileDamaged(f"{cold.name} is missing.") from error
    if digest(content) != cold.sha256:
        raise ColdFileDamaged(f"{cold.name} has another checksum than when it was written.")
    if not signing.is_genuine(signed_part(cold), cold.signature):
        raise ColdFileDamaged(
            f"{cold.name} has no valid signature. If EVENTLY_DIGEST_KEY was changed, put the "
            "earlier key into EVENTLY_DIGEST_KEY_FALLBACKS."
        )
    return content


def remove(name: str) -> None:
    """Delete a file and its manifest, as far as they are there. Raises ColdStorageUnreachable."""
    storage = cold_storage()
    for each in (name, manifest_name(name)):
        with answering(), suppress(FileNotFoundError):
            storage.delete(each)


def is_there(name: str) -> bool:
    """Return whether the storage has a file. Raises ColdStorageUnreachable."""
    with answering():
        return cold_storage().exists(name)


@contextmanager
def answering() -> Iterator[None]:
    """Turn the errors of a folder, such as a full disk, into ColdStorageUnreachable."""
    try:
        yield
    except FileNotFoundError:
        raise
    except FileExistsError as error:
        raise ColdFileExists(f"Cold storage has a file {error} already.") from error
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ColdStorageUnreachable(f"Cold storage cannot be used: {why}.") from error


def _content(name: str) -> bytes:
    with answering(), cold_storage().open(name, "rb") as file:
        content: Any = file.read()
    return bytes(content)
