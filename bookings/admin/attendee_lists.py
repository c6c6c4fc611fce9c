"""The attendees of an event as a door list to print, and as files to download."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import structlog
from django.contrib import admin
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.utils.text import slugify

from bookings.attendee_files import csv_lines, xlsx_file
from bookings.attendees import attendees
from evently.admin.tabs import add_page, event_page_url
from evently.database.clock import now
from evently.formatting import moment, money
from events.models import Event, PaymentMode

log = structlog.get_logger(__name__)

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass
class DoorLine:
    """One person at the door. due: what they pay there, or "" for nothing."""

    name: str
    seats: int = 0
    references: list[str] = field(default_factory=list)
    amount: Decimal = Decimal(0)
    due: str = ""
    # The first letter, on the first line that begins with it.
    letter: str = ""

    @property
    def boxes(self) -> range:
        """One for each seat, to tick."""
        return range(self.seats)


def door_list(request: HttpRequest, event: Event) -> HttpResponse:
    """Show who comes, from A to Z, with a box to tick for each seat; made to be printed."""
    lines = list(door_lines(event))
    return TemplateResponse(
        request,
        "admin/bookings/door_list.html",
        {
            **admin.site.each_context(request),
            "event": event,
            "starts": moment(event.event_date, event.zone),
            "printed": moment(now(), event.zone),
            "lines": lines,
            "seats": sum(line.seats for line in lines),
            "any_due": any(line.due for line in lines),
            "back": event_page_url("attendees", event.pk),
        },
    )


def door_lines(event: Event) -> Iterator[DoorLine]:
    """Yield a line for each person; bookings of one person are added up."""
    letter = ""
    for line in _people(event):
        if event.payment_mode == PaymentMode.DOOR and line.amount:
            line.due = money(line.amount, event.currency)
        first = line.name[:1].upper()
        if first != letter:
            line.letter = letter = first
        yield line


def _people(event: Event) -> Iterator[DoorLine]:
    people: dict[tuple[str, str], DoorLine] = {}
    for attendee in attendees(event):
        # Two people may have one name, but not one email address.
        person = people.setdefault(
            (attendee.name, attendee.email or attendee.reference),
            DoorLine(attendee.name or "(deleted account)"),
        )
        person.seats += attendee.seats
        person.amount += attendee.amount
        person.references.append(attendee.reference)
    yield from people.values()


def csv_file(request: HttpRequest, event: Event) -> StreamingHttpResponse:
    _log_export(request, event, "csv")
    response = StreamingHttpResponse(csv_lines(event), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{_filename(event)}.csv"'
    return response


def excel_file(request: HttpRequest, event: Event) -> FileResponse:
    _log_export(request, event, "xlsx")
    return FileResponse(
        xlsx_file(event),
        as_attachment=True,
        filename=f"{_filename(event)}.xlsx",
        content_type=EXCEL,
    )


def _filename(event: Event) -> str:
    """Return a name of ASCII letters, such as "attendees-kite-workshop-2026-12-04"."""
    local = event.event_date.astimezone(event.zone)
    return f"attendees-{slugify(event.name)[:60] or 'event'}-{local:%Y-%m-%d}"


def _log_export(request: HttpRequest, event: Event, kind: str) -> None:
    """Log that personal data has left, by ids only."""
    user: Any = request.user
    log.info("attendees_exported", event_id=str(event.pk), user_id=str(user.pk), kind=kind)


add_page("Attendees", "door_list", "Door list", view=door_list, rank=50, listed=False)
add_page("Attendees", "attendees_csv", "CSV", view=csv_file, rank=51, listed=False)
add_page("Attendees", "attendees_xlsx", "Excel", view=excel_file, rank=52, listed=False)
