"""Calendar files (iCalendar): a booking as an entry that calendars update in place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from functools import lru_cache
from urllib.parse import quote, urlencode, urlsplit

from django.conf import settings
from icalendar import Calendar, Event, vCalAddress, vText
from icalendar.parser import Contentline

from bookings.models import Booking, BookingStatus
from evently.formatting import seats
from evently.links import absolute, path_of
from evently.visible_text import without_controls
from events import models as events

CONTENT_TYPE = "text/calendar; charset=utf-8"
FILE_NAME = "event.ics"

STATUSES = {
    BookingStatus.PENDING: "TENTATIVE",
    BookingStatus.CONFIRMED: "CONFIRMED",
    BookingStatus.CANCELLED: "CANCELLED",
}


PUBLISH, CANCEL = "PUBLISH", "CANCEL"
# RFC 5545 (3.1) folds lines beyond this many bytes; some readers count the line break, too.
LONGEST_LINE = 74
FOLD = "\r\n "
END = b"END:VCALENDAR\r\n"


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
    entries = [line for booking in bookings for line in _entry(booking)]
    return CalendarFile(
        method=method, content=b"".join([_head(method, settings.SITE_NAME), *entries, END])
    )


@lru_cache(maxsize=4)
def _head(method: str, site: str) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", f"-//{site}//Bookings//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    return bytes(calendar.to_ical()).removesuffix(END)


def _entry(booking: Booking) -> list[bytes]:
    """Return the lines of one entry, its own between those that all of its event have."""
    event = booking.event
    first, last = _lines_of_event(
        _EventFacts(
            name=event.name,
            venue=event.venue,
            starts_at=event.event_date,
            ends_at=end_of(event),
            url=_event_url(booking),
            organizer=settings.DEFAULT_FROM_EMAIL,
            site=settings.SITE_NAME,
            status="CANCELLED" if booking.is_ended else STATUSES[BookingStatus(booking.status)],
        )
    )
    own = {
        "DTSTAMP": f"{max(booking.updated_at, event.updated_at).astimezone(UTC):{BASIC}}",
        "UID": f"{booking.pk}@{urlsplit(settings.PUBLIC_URL).hostname}",
        "SEQUENCE": str(booking.version + event.version),
        "DESCRIPTION": vText(_description(booking)).to_ical().decode(),
    }
    lines = [_line(f"{name}:{value}") for name, value in own.items()]
    return [first, *lines, last]


def _line(text: str) -> bytes:
    """Return a line of a calendar file, folded if it is too long."""
    if not text.isascii():
        # Its characters have several bytes, which may not be torn apart.
        return bytes(Contentline(text).to_ical()) + b"\r\n"
    rest = range(LONGEST_LINE, len(text), LONGEST_LINE - 1)
    pieces = [text[:LONGEST_LINE], *(text[start : start + LONGEST_LINE - 1] for start in rest)]
    return f"{FOLD.join(pieces)}\r\n".encode()


@dataclass(frozen=True)
class _EventFacts:
    """What the entries of an event have in common. ends_at: as `end_of` has it."""

    name: str
    venue: str
    starts_at: datetime
    ends_at: datetime
    url: str
    organizer: str
    site: str
    status: str


@lru_cache(maxsize=256)
def _lines_of_event(facts: _EventFacts) -> tuple[bytes, bytes]:
    """Return the lines of an entry before and after its own, in the order of icalendar."""
    entry = Event()
    entry.add("dtstart", _utc(facts.starts_at))
    entry.add("dtend", _utc(facts.ends_at))
    # RFC 5545 has no control characters, and readers refuse the whole file for one.
    entry.add("summary", without_controls(facts.name))
    entry.add("location", without_controls(facts.venue))
    entry.add("organizer", _organizer(facts.organizer, facts.site))
    entry.add("url", facts.url)
    entry.add("status", facts.status)
    entry.add("transp", "TRANSPARENT" if facts.status == "CANCELLED" else "OPAQUE")
    text = bytes(entry.to_ical())
    place = text.index(b"\r\nLOCATION") + len(b"\r\n")
    return text[:place], text[place:]


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
    return absolute(path_of("event_detail", booking.event_id))


def _organizer(address: str, name: str) -> vCalAddress:
    """Return the site's own address: METHOD demands one, and an organizer's is private."""
    organizer = vCalAddress(f"mailto:{parseaddr(address)[1]}")
    organizer.params["CN"] = name
    return organizer


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)
