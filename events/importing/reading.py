"""Reads a CSV file with Google Calendar's columns, row by row.

Spreadsheets save CSV with a byte order mark, in UTF-16 or in a Windows code page, and with
semicolons or tabs instead of commas; all of these are read.
"""

import codecs
import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from evently.errors import Invalid
from evently.formatting import counted

NAME = "subject"
START_DATE = "start date"
REQUIRED = (NAME, START_DATE)
# Google Calendar's columns; the contents of all others go into the description.
KNOWN = (
    NAME,
    START_DATE,
    "start time",
    "end date",
    "end time",
    "all day event",
    "description",
    "location",
    "private",
)
DELIMITERS = ",;\t"
BLOCK = 64 * 1024
UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
FALLBACK = "cp1252"
# The first bytes of files that are easily mistaken for CSV.
SIGNATURES = {
    b"PK\x03\x04": "This is a spreadsheet or a zip file. Save it as CSV first.",
    b"\xd0\xcf\x11\xe0": "This is an Excel file. Save it as CSV first.",
    b"%PDF": "This is a PDF. The import needs a CSV file.",
    b"BEGIN:VCALENDAR": "This is an iCalendar file. The import needs a CSV file.",
    b"\x1f\x8b": "This file is compressed. Unpack it first.",
}


class NotImportable(Invalid):
    """The file as a whole cannot be read; the message says why."""

    code = "not_importable"
    message = "This file cannot be imported."


@dataclass(frozen=True)
class Row:
    """One row of a file.

    line: the line where it ends, from 1. values: cells by column name in lower case, for KNOWN
    columns. extras: the other cells that are not empty, by column name as written. problem: why
    the row cannot be read, or "".
    """

    line: int
    values: Mapping[str, str]
    extras: Mapping[str, str]
    problem: str = ""

    def get(self, column: str) -> str:
        """Return the cell of a column, or ""."""
        return self.values.get(column, "")


def read_rows(path: Path) -> Iterator[Row]:
    """Read a file row by row, in constant memory; empty rows are left out.

    Raises NotImportable: before the first row for a file of another kind, later for a file that
    cannot be read to its end (an unclosed quotation mark).
    """
    encoding = _encoding_of(path)
    with (
        path.open("rb") as binary,
        TextIOWrapper(binary, encoding=encoding, errors="replace", newline="") as text,
    ):
        header = next((line for line in text if line.strip()), "")
        text.seek(0)
        yield from _rows(csv.reader(text, delimiter=_delimiter_of(header)))


def _rows(reader: "csv._reader") -> Iterator[Row]:  # type: ignore[name-defined]
    try:
        first: list[str] = next((cells for cells in reader if any(map(str.strip, cells))), [])
        header = [cell.strip().lstrip("\ufeff") for cell in first]
        names = [" ".join(cell.casefold().split()) for cell in header]
        _check_header(header, names)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _row(reader.line_num, header, names, cells)
    except csv.Error as error:
        raise NotImportable(
            f"The file cannot be read beyond line {reader.line_num}: there may be an unclosed "
            f"quotation mark, or a cell of more than {csv.field_size_limit():,} characters."
        ) from error


def _row(line: int, header: list[str], names: list[str], cells: list[str]) -> Row:
    values, extras = {}, {}
    for title, name, cell in zip(header, names, cells, strict=False):
        text = cell.strip()
        if name in KNOWN:
            values[name] = text
        elif title and text:
            extras[title] = text
    surplus = len(cells) - len(names)
    problem = ""
    if surplus > 0 and any(cell.strip() for cell in cells[len(names) :]):
        problem = (
            f"The row has {counted(surplus, 'more cell')} than the header. "
            "Put cells that contain a comma in quotation marks."
        )
    return Row(line=line, values=values, extras=extras, problem=problem)


def _check_header(header: list[str], names: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        wanted = " and ".join(f"“{name.title()}”" for name in REQUIRED)
        found = ", ".join(f"“{cell[:40]}”" for cell in header[:12] if cell) or "none"
        raise NotImportable(
            f"The import needs the columns {wanted}, as Google Calendar names them. "
            f"The first line of this file has: {found}."
        )
    twice = sorted({name for name in names if name in KNOWN and names.count(name) > 1})
    if twice:
        raise NotImportable(f"The first line has the column “{twice[0].title()}” twice.")


def _encoding_of(path: Path) -> str:
    """Return the encoding of a file, reading all of it. Raises NotImportable."""
    try:
        with path.open("rb") as binary:
            start = binary.read(BLOCK)
            _check_start(start)
            if start.startswith(UTF32):
                return "utf-32"
            if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                return "utf-16"
            decoder = codecs.getincrementaldecoder("utf-8")()
            block = start
            while block:
                decoder.decode(block)
                block = binary.read(BLOCK)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return FALLBACK
    except OSError as error:
        raise NotImportable(f"{path} cannot be read: {error.strerror}.") from error
    return "utf-8-sig"


def _check_start(start: bytes) -> None:
    if not start.strip():
        raise NotImportable("The file is empty.")
    for signature, message in SIGNATURES.items():
        if start.startswith(signature):
            raise NotImportable(message)
    wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, *UTF32))
    if b"\x00" in start[:1024] and not wide:
        raise NotImportable("This is not a text file. The import needs a CSV file.")


def _delimiter_of(header: str) -> str:
    return max(DELIMITERS, key=header.count)
