"""The files of cold storage: gzip, one row per line, as JSON; a manifest beside each.

A line is a list: the row as PostgreSQL writes it, and its texts that may say something about a
person, sealed under that person's key: they are unreadable once the key is destroyed. None of this
holds a transaction open, however long the storage takes.
"""

import gzip
import hashlib
import io
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

from evently.errors import Conflict
from evently.lifecycle import signing
from evently.lifecycle.models import ColdFile


class ColdFileDamaged(Conflict):
    """A file is missing, or not what was written: by its checksum, its signature or its rows."""

    code = "cold_file_damaged"


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


def unpacked(content: bytes) -> list[Line]:
    """Return the lines of a file. Raises ColdFileDamaged."""
    try:
        text = gzip.decompress(content).decode()
        return [Line.decoded(line) for line in text.splitlines()]
    except (OSError, EOFError, ValueError, IndexError) as error:
        raise ColdFileDamaged("The file cannot be unpacked.") from error


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


def write(cold: ColdFile, content: bytes) -> None:
    """Write a file and its manifest, and read both back. Raises ColdFileDamaged."""
    storage = cold_storage()
    facts = json.dumps(signing.described(signed_part(cold), cold.signature), indent=2) + "\n"
    for name, data in ((cold.name, content), (manifest_name(cold.name), facts.encode())):
        saved = storage.save(name, ContentFile(data))
        if saved != name:
            # The storage keeps a file of this name: not ours, as names are made of new ids.
            storage.delete(saved)
            raise ColdFileDamaged(f"The storage has a file {name} already.")
        if _content(storage, name) != data:
            raise ColdFileDamaged(f"{name} is not what was written.")


def read(cold: ColdFile) -> list[Line]:
    """Return the rows of a file, after its checksum, signature and number of rows were checked.

    Raises ColdFileDamaged.
    """
    try:
        content = _content(cold_storage(), cold.name)
    except FileNotFoundError as error:
        raise ColdFileDamaged(f"{cold.name} is missing.") from error
    if digest(content) != cold.sha256:
        raise ColdFileDamaged(f"{cold.name} has another checksum than when it was written.")
    if not signing.is_genuine(signed_part(cold), cold.signature):
        raise ColdFileDamaged(
            f"{cold.name} has no valid signature. If EVENTLY_DIGEST_KEY was changed, put the "
            "earlier key into EVENTLY_DIGEST_KEY_FALLBACKS."
        )
    lines = unpacked(content)
    if len(lines) != cold.rows:
        raise ColdFileDamaged(f"{cold.name} has {len(lines)} rows instead of {cold.rows}.")
    return lines


def remove(name: str) -> None:
    """Delete a file and its manifest, as far as they are there."""
    storage = cold_storage()
    for each in (name, manifest_name(name)):
        with suppress(FileNotFoundError):
            storage.delete(each)


def _content(storage: Storage, name: str) -> bytes:
    with storage.open(name, "rb") as file:
        content: Any = file.read()
    return bytes(content)
