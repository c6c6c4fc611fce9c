"""Reads a CSV file as calendars and spreadsheets save it, row by row.

With a byte order mark or without one, in UTF-8, UTF-16 or a Windows code page; with commas,
semicolons, tabs or bars, which a first line such as "sep=;" may name; with blanks after commas.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO

from evently.formatting import counted
from events.importing.columns import REQUIRED, recognized
from events.importing.files import NotImportable, Source, open_text

DELIMITERS = ",;\t|"
SEPARATOR_LINE = re.compile(r'\ufeff?"?sep=(.)"?\s*', re.IGNORECASE)


@dataclass(frozen=True)
class Row:
    """One row of a file.

    line: the line where it ends, from 1. values: cells by known column name. extras: the other
    cells that are not empty, by column name as written; they are left out unless asked for.
    problem: why the row cannot be read, or "".
    """

    line: int
    values: Mapping[str, str]
    extras: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""

    def get(self, column: str) -> str:
        """Return the cell of a column, or ""."""
        return self.values.get(column, "")


def read_rows(source: Source) -> Iterator[Row]:
    """Read a CSV file row by row, in constant memory; empty rows are left out.

    Raises NotImportable: before the first row for a file of another kind, later for a file that
    cannot be read to its end (an unclosed quotation mark).
    """
    with open_text(source) as text:
        skipped, header = _first_lines(text)
        named = SEPARATOR_LINE.fullmatch(header)
        if named is not None:
            skipped, delimiter = skipped + 1, named[1]
        else:
            delimiter = _delimiter_of(header)
        text.seek(0)
        for _ in range(skipped):
            text.readline()
        reader = csv.reader(text, delimiter=delimiter, skipinitialspace=delimiter != "\t")
        yield from _rows(reader, skipped)


def _first_lines(text: IO[str]) -> tuple[int, str]:
    """Return how many lines are blank at the start, and the first that is not."""
    skipped = 0
    for line in text:
        if line.strip("\ufeff \t\r\n,;|"):
            return skipped, line
        skipped += 1
    return skipped, ""


def _rows(reader: "csv._reader", skipped: int) -> Iterator[Row]:  # type: ignore[name-defined]
    try:
        first: list[str] = next((cells for cells in reader if any(map(str.strip, cells))), [])
        titles = [" ".join(cell.replace("\ufeff", "").split()) for cell in first]
        names = recognized(titles)
        _check_header(titles, names)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _row(reader.line_num + skipped, titles, names, cells)
    except csv.Error as error:
        raise NotImportable(
            f"The file cannot be read beyond line {reader.line_num + skipped}: there may be an "
            f"unclosed quotation mark, or a cell of more than {csv.field_size_limit():,} "
            "characters."
        ) from error


def _row(line: int, titles: list[str], names: list[str], cells: list[str]) -> Row:
    values, extras = {}, {}
    for title, name, cell in zip(titles, names, cells, strict=False):
        text = cell.strip()
        if name:
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


def _check_header(titles: list[str], names: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        wanted = " and ".join(f"“{name.title()}”" for name in REQUIRED)
        found = ", ".join(f"“{title[:40]}”" for title in titles[:12] if title) or "none"
        raise NotImportable(
            f"The import needs the columns {wanted}, as Google Calendar names them. "
            f"The first line of this file has: {found}."
        )
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise NotImportable(f"The first line has the column “{twice[0].title()}” twice.")


def _delimiter_of(header: str) -> str:
    """Return the delimiter by which the first line has the most known columns."""

    def known(delimiter: str) -> tuple[int, int]:
        cells = next(csv.reader([header], delimiter=delimiter, skipinitialspace=True), [])
        names = recognized([cell.replace("\ufeff", "").strip() for cell in cells])
        return len([name for name in names if name]), len(cells)

    return max(DELIMITERS, key=known)
