"""Calendar files (iCalendar): a booking as an entry that calendars update in place."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from icalendar import Calendar, Event

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


def calendar_for(booking: Booking) -> bytes:
    """Return the calendar file of a booking; `booking.event` must be loaded.

    A booking keeps its UID, and its SEQUENCE only increases, so a later file moves or cancels the
    entry instead of adding another. Times are in UTC, which calendars convert to their own time
    zone. Since calendars are shared, the file contains no link that works without logging in.
    """
    calendar = Calendar()
    calendar.add("prodid", f"-//{settings.SITE_NAME}//Bookings//EN")
    calendar.add("version", "2.0")
    calendar.add_component(_entry(booking))
    content: bytes = calendar.to_ical()
    return content


def _entry(booking: Booking) -> Event:
    event = booking.event
    cancelled = booking.is_cancelled or event.is_cancelled
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
    entry.add("url", absolute(reverse("event_detail", args=[event.pk])))
    entry.add("status", "CANCELLED" if cancelled else STATUSES[BookingStatus(booking.status)])
    entry.add("transp", "TRANSPARENT" if cancelled else "OPAQUE")
    return entry


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)
