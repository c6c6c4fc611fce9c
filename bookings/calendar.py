"""Calendar files (iCalendar): a booking as an entry that calendars update in place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from icalendar import Calendar, Event, vCalAddress

from bookings.models import Booking, BookingStatus
from evently.formatting import seats
from evently.links import absolute

CONTENT_TYPE = "text/calendar; charset=utf-8"
FILE_NAME = "event.ics"

STATUSES = {
    BookingStatus.PENDING: "TENTATIVE",
    BookingStatus.CONFIRMED: "CONFIRMED",
    BookingStatus.CANCELLED: "CANCELLED",
}


PUBLISH, CANCEL = "PUBLISH", "CANCEL"


@dataclass(frozen=True)
class CalendarFile:
    """A file for one email: its METHOD tells calendars to add and move entries, or to cancel."""

    method: str
    content: bytes


def calendar_for(booking: Booking) -> bytes:
    """Return the calendar file of a booking; `booking.event` must be loaded.

    A booking keeps its UID, and its SEQUENCE only increases, so a later file moves or cancels the
    entry instead of adding another. Times are in UTC, which calendars convert to their own time
    zone. Since calendars are shared, the file contains no link that works without logging in.
    """
    return _file([booking]).content


def calendar_files(bookings: Sequence[Booking]) -> list[CalendarFile]:
    """Return the calendar files of bookings: one with all active ones, and one per ended one.

    RFC 5546 allows a file with METHOD:CANCEL only one UID.
    """
    active = [booking for booking in bookings if not _is_ended(booking)]
    ended = [booking for booking in bookings if _is_ended(booking)]
    return [_file(group) for group in (active, *([booking] for booking in ended)) if group]


def _file(bookings: Sequence[Booking]) -> CalendarFile:
    method = CANCEL if all(_is_ended(booking) for booking in bookings) else PUBLISH
    calendar = Calendar()
    calendar.add("prodid", f"-//{settings.SITE_NAME}//Bookings//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    for booking in bookings:
        calendar.add_component(_entry(booking))
    return CalendarFile(method=method, content=calendar.to_ical())


def _is_ended(booking: Booking) -> bool:
    return booking.is_cancelled or booking.event.is_cancelled


def _entry(booking: Booking) -> Event:
    event = booking.event
    cancelled = _is_ended(booking)
    entry = Event()
    entry.add("uid", f"{booking.pk}@{urlsplit(settings.PUBLIC_URL).hostname}")
    entry.add("sequence", booking.version + event.version)
    entry.add("dtstamp", max(booking.updated_at, event.updated_at))
    entry.add("dtstart", _utc(event.event_date))
    if event.ends_at is not None:
        entry.add("dtend", _utc(event.ends_at))
    entry.add("summary", event.name)
    entry.add("location", event.venue)
    entry.add("description", f"{seats(booking.quantity)}, reference {booking.booking_reference}")
    entry.add("organizer", _organizer())
    entry.add("url", absolute(reverse("event_detail", args=[event.pk])))
    entry.add("status", "CANCELLED" if cancelled else STATUSES[BookingStatus(booking.status)])
    entry.add("transp", "TRANSPARENT" if cancelled else "OPAQUE")
    return entry


def _organizer() -> vCalAddress:
    """Return the site's own address: METHOD demands one, and an organizer's is private."""
    organizer = vCalAddress(f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}")
    organizer.params["CN"] = settings.SITE_NAME
    return organizer


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)
