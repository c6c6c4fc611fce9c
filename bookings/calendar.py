"""Calendar files (iCalendar): a booking as an entry that calendars update in place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from urllib.parse import quote, urlencode, urlsplit

from django.conf import settings
from django.urls import reverse
from icalendar import Calendar, Event, vCalAddress

from bookings.models import Booking, BookingStatus
from evently.formatting import seats
from evently.links import absolute
from events import models as events

CONTENT_TYPE = "text/calendar; charset=utf-8"
FILE_NAME = "event.ics"

STATUSES = {
    BookingStatus.PENDING: "TENTATIVE",
    BookingStatus.CONFIRMED: "CONFIRMED",
    BookingStatus.CANCELLED: "CANCELLED",
}


PUBLISH, CANCEL = "PUBLISH", "CANCEL"


# Where no end is known.
UNKNOWN_LENGTH = timedelta(hours=1)
GOOGLE = "https://calendar.google.com/calendar/render"
OUTLOOK = "https://outlook.live.com/calendar/0/deeplink/compose"
# Times in UTC, as these two read them.
BASIC, EXTENDED = "%Y%m%dT%H%M%SZ", "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class CalendarLink:
    """A calendar on the web, and the link that adds an entry to it."""

    name: str
    url: str


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
    active = [booking for booking in bookings if not booking.is_ended]
    ended = [booking for booking in bookings if booking.is_ended]
    return [_file(group) for group in (active, *([booking] for booking in ended)) if group]


def _file(bookings: Sequence[Booking]) -> CalendarFile:
    method = CANCEL if all(booking.is_ended for booking in bookings) else PUBLISH
    calendar = Calendar()
    calendar.add("prodid", f"-//{settings.SITE_NAME}//Bookings//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    for booking in bookings:
        calendar.add_component(_entry(booking))
    return CalendarFile(method=method, content=calendar.to_ical())


def _entry(booking: Booking) -> Event:
    event = booking.event
    cancelled = booking.is_ended
    entry = Event()
    entry.add("uid", f"{booking.pk}@{urlsplit(settings.PUBLIC_URL).hostname}")
    entry.add("sequence", booking.version + event.version)
    entry.add("dtstamp", max(booking.updated_at, event.updated_at))
    entry.add("dtstart", _utc(event.event_date))
    entry.add("dtend", _utc(end_of(event)))
    entry.add("summary", event.name)
    entry.add("location", event.venue)
    entry.add("description", _description(booking))
    entry.add("organizer", _organizer())
    entry.add("url", _event_url(booking))
    entry.add("status", "CANCELLED" if cancelled else STATUSES[BookingStatus(booking.status)])
    entry.add("transp", "TRANSPARENT" if cancelled else "OPAQUE")
    return entry


def end_of(event: events.Event) -> datetime:
    """Return when an entry ends: RFC 5545 demands an end after the start.

    Where no end is known, the entry has the length that calendars give a new one.
    """
    ends_at = event.ends_at
    if ends_at is not None and ends_at > event.event_date:
        return ends_at
    return event.event_date + UNKNOWN_LENGTH


def calendar_links(booking: Booking) -> list[CalendarLink]:
    """Return links that add a booking to calendars on the web, which do not open files."""
    event = booking.event
    starts_at, ends_at = _utc(event.event_date), _utc(end_of(event))
    details = f"{_description(booking)}\n{_event_url(booking)}"
    google = {
        "action": "TEMPLATE",
        "text": event.name,
        "dates": f"{starts_at:{BASIC}}/{ends_at:{BASIC}}",
        "ctz": event.timezone,
        "location": event.venue,
        "details": details,
    }
    outlook = {
        "path": "/calendar/action/compose",
        "rru": "addevent",
        "subject": event.name,
        "startdt": f"{starts_at:{EXTENDED}}",
        "enddt": f"{ends_at:{EXTENDED}}",
        "location": event.venue,
        "body": details,
    }
    return [
        CalendarLink("Google Calendar", f"{GOOGLE}?{urlencode(google, quote_via=quote)}"),
        CalendarLink("Outlook.com", f"{OUTLOOK}?{urlencode(outlook, quote_via=quote)}"),
    ]


def _description(booking: Booking) -> str:
    text = f"{seats(booking.quantity)}, reference {booking.booking_reference}"
    is_end_known = end_of(booking.event) == booking.event.ends_at
    return text if is_end_known else f"{text}. The organizer has not given an end."


def _event_url(booking: Booking) -> str:
    return absolute(reverse("event_detail", args=[booking.event_id]))


def _organizer() -> vCalAddress:
    """Return the site's own address: METHOD demands one, and an organizer's is private."""
    organizer = vCalAddress(f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}")
    organizer.params["CN"] = settings.SITE_NAME
    return organizer


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)
