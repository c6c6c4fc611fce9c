"""The attendees of an event as files: CSV and Excel, written row by row.

A cell that a spreadsheet would take for a formula gets an apostrophe in front: attendees choose
their names themselves. https://owasp.org/www-community/attacks/CSV_Injection
"""

import csv
from collections.abc import Iterator
from datetime import datetime
from tempfile import TemporaryFile
from typing import IO, Any

import xlsxwriter

from bookings.attendees import Attendee, attendees
from bookings.models import BookingStatus
from evently.currencies import exponent_of
from events.models import Event

# With this mark, Excel reads a CSV file as UTF-8.
BYTE_ORDER_MARK = "\ufeff"
# Also in their full-width forms, which some spreadsheets accept.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
WIDTHS = (28, 32, 26, 7, 12, 14, 12, 10, 18, 18, 40, 20)


def neutral(text: str) -> str:
    """Return the text of a cell so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) or text.lstrip() != text else text


def headings(event: Event) -> list[str]:
    return [
        "Name",
        "Email address",
        "Reference",
        "Seats",
        "Status",
        "Price per seat",
        "Amount",
        "Currency",
        f"Booked ({event.timezone})",
        f"Cancelled ({event.timezone})",
        "Reason",
        *(["Still coming"] if _asks(event) else []),
    ]


def _asks(event: Event) -> bool:
    return event.ask_days_before is not None


def csv_lines(event: Event) -> Iterator[str]:
    """Yield the lines of a CSV file (RFC 4180, UTF-8 with a mark), cancelled bookings included."""
    writer = csv.writer(_Echo())
    yield BYTE_ORDER_MARK + writer.writerow(headings(event))
    for attendee in attendees(event, with_cancelled=True):
        yield writer.writerow(_cells(attendee, event))


class _Echo:
    """A file that hands back each line instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def xlsx_file(event: Event) -> IO[bytes]:
    """Return an Excel file of the attendees, open at its beginning; the caller closes it."""
    file = TemporaryFile()  # noqa: SIM115
    book = xlsxwriter.Workbook(
        file,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    sheet = book.add_worksheet("Attendees")
    bold = book.add_format({"bold": True})
    decimals = exponent_of(event.currency)
    amount = book.add_format({"num_format": "0" if not decimals else "0." + "0" * decimals})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    for column, width in enumerate(WIDTHS):
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, 0)
    for column, title in enumerate(headings(event)):
        sheet.write_string(0, column, title, bold)
    for number, attendee in enumerate(attendees(event, with_cancelled=True), 1):
        for column, cell in enumerate(_values(attendee, event)):
            if cell is None:
                continue
            if isinstance(cell, datetime):
                sheet.write_datetime(number, column, cell, moment)
            elif isinstance(cell, str):
                sheet.write_string(number, column, cell)
            else:
                sheet.write_number(number, column, cell, amount if column in (5, 6) else None)
    book.close()
    file.seek(0)
    return file


def _values(attendee: Attendee, event: Event) -> list[Any]:
    """Return the cells of a row; times as the clocks of the event show them, without a zone."""

    def local(at: datetime | None) -> datetime | None:
        return at and at.astimezone(event.zone).replace(tzinfo=None, microsecond=0)

    return [
        neutral(attendee.name),
        neutral(attendee.email),
        attendee.reference,
        attendee.seats,
        BookingStatus(attendee.status).label,
        attendee.unit_price,
        attendee.amount,
        event.currency,
        local(attendee.booked_at),
        local(attendee.cancelled_at),
        neutral(attendee.cancel_reason),
        *([attendee.answer] if _asks(event) else []),
    ]


def _cells(attendee: Attendee, event: Event) -> list[str]:
    decimals = exponent_of(event.currency)

    def text(value: Any, column: int) -> str:
        if value is None:
            return ""
        if isinstance(value, datetime):
            return f"{value:%Y-%m-%d %H:%M}"
        return f"{value:.{decimals}f}" if column in (5, 6) else str(value)

    return [text(value, column) for column, value in enumerate(_values(attendee, event))]
