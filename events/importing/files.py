"""Opens files to import: what kind they are, and how their text is encoded."""

import codecs
from collections.abc import Callable
from enum import StrEnum
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import IO

from evently.errors import Invalid

MOST_BYTES = 20 * 1024 * 1024
BLOCK = 64 * 1024
FALLBACK = "cp1252"
UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# The first bytes of files that are easily mistaken for CSV or iCalendar.
SIGNATURES = {
    b"PK\x03\x04": "This is a spreadsheet or a zip file. Save it as CSV, or unpack it, first.",
    b"\xd0\xcf\x11\xe0": "This is an Excel file. Save it as CSV first.",
    b"%PDF": "This is a PDF. The import needs a CSV or an iCalendar file.",
    b"\x1f\x8b": "This file is compressed. Unpack it first.",
    b"BZh": "This file is compressed. Unpack it first.",
    b"\xfd7zXZ": "This file is compressed. Unpack it first.",
    b"7z\xbc\xaf": "This file is compressed. Unpack it first.",
}

# Opens the file from its start, each time it is called.
Source = Callable[[], IO[bytes]]


class NotImportable(Invalid):
    """The file as a whole cannot be read; the message says why."""

    code = "not_importable"
    message = "This file cannot be imported."


class Kind(StrEnum):
    CSV = "csv"
    ICALENDAR = "icalendar"


def file_source(path: Path) -> Source:
    def open_it() -> IO[bytes]:
        try:
            return path.open("rb")
        except OSError as error:
            raise NotImportable(f"{path} cannot be read: {error.strerror}.") from error

    return open_it


def bytes_source(content: bytes) -> Source:
    return lambda: BytesIO(content)


def kind_of(source: Source) -> Kind:
    """Return what kind of file it is, by its content. Raises NotImportable."""
    with source() as binary:
        start = binary.read(BLOCK)
        binary.seek(0, 2)
        if binary.tell() > MOST_BYTES:
            raise NotImportable(
                f"The file is larger than {MOST_BYTES // 1024 // 1024} MB. Split it into several."
            )
    _check_start(start)
    text = start[:1024].decode(_wide(start) or "utf-8-sig", errors="ignore")
    return Kind.ICALENDAR if text.lstrip().upper().startswith("BEGIN:VCALENDAR") else Kind.CSV


def open_text(source: Source) -> TextIOWrapper:
    """Open a file as text, in the encoding that it is in. Raises NotImportable."""
    encoding = encoding_of(source)
    return TextIOWrapper(source(), encoding=encoding, errors="replace", newline="")


def encoding_of(source: Source) -> str:
    """Return the encoding of a file, reading all of it."""
    with source() as binary:
        start = binary.read(BLOCK)
        wide = _wide(start)
        if wide:
            return wide
        try:
            decoder = codecs.getincrementaldecoder("utf-8")()
            block = start
            while block:
                decoder.decode(block)
                block = binary.read(BLOCK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return FALLBACK
    return "utf-8-sig"


def _wide(start: bytes) -> str | None:
    """Return the encoding of a file with two or four bytes per character, with or without a mark.

    Without one, every second byte of Latin letters is zero.
    """
    if start.startswith(UTF32):
        return "utf-32"
    if start.startswith(UTF16):
        return "utf-16"
    head = start[:512]
    if len(head) >= 8 and not any(head[0::2][i] == 0 for i in range(len(head) // 2)):
        zeros = head[1::2].count(0)
        return "utf-16-le" if zeros > len(head) // 4 else None
    if len(head) >= 8 and head[0::2].count(0) > len(head) // 4 and 0 not in head[1::2]:
        return "utf-16-be"
    return None


def _check_start(start: bytes) -> None:
    if not start.strip(b"\xef\xbb\xbf\xff\xfe \r\n\t\x00"):
        raise NotImportable("The file is empty.")
    for signature, message in SIGNATURES.items():
        if start.startswith(signature):
            raise NotImportable(message)
    if b"\x00" in start[:1024] and _wide(start) is None:
        raise NotImportable("This is not a text file. The import needs a CSV or an iCalendar file.")
