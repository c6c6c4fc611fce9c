"""Calendar files: one entry per booking, updated and cancelled in place."""

from datetime import UTC, datetime

import pytest
from icalendar import Calendar

from bookings.calendar import calendar_for
from bookings.factories import BookingFactory
from bookings.models import Booking
from evently.tests.sql import run

pytestmark = pytest.mark.django_db

STARTS = datetime(2099, 7, 2, 18, 30, tzinfo=UTC)


def booked(**event):
    given = {"event_date": STARTS, "timezone": "Europe/Zurich", "name": "Jazz; late, loud"}
    booking = BookingFactory(
        quantity=2, **{f"event__{name}": value for name, value in (given | event).items()}
    )
    return reread(booking)


def reread(booking):
    return Booking.objects.select_related("event").get(pk=booking.pk)


def entry_of(booking):
    content = calendar_for(booking)
    (entry,) = Calendar.from_ical(content).walk("VEVENT")
    return entry


def test_entry_has_summary_time_and_place():
    booking = booked(ends_at=datetime(2099, 7, 2, 22, 0, tzinfo=UTC))

    entry = entry_of(booking)

    assert entry["summary"] == "Jazz; late, loud"
    assert entry["location"] == booking.event.venue
    assert entry["description"] == f"2 seats, reference {booking.booking_reference}"
    assert entry.decoded("dtstart") == STARTS
    assert entry.decoded("dtend") == datetime(2099, 7, 2, 22, 0, tzinfo=UTC)
    assert entry["status"] == "CONFIRMED"
    assert str(booking.event_id) in entry["url"]


def test_times_are_in_utc_and_lines_end_and_fold_as_in_rfc_5545():
    content = calendar_for(booked())

    assert b"DTSTART:20990702T183000Z\r\n" in content
    assert content.startswith(b"BEGIN:VCALENDAR\r\n")
    assert content.endswith(b"END:VCALENDAR\r\n")
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))


def test_event_without_an_end_has_no_dtend():
    assert "dtend" not in entry_of(booked())


def test_same_booking_gives_the_same_file():
    booking = booked()

    assert calendar_for(booking) == calendar_for(reread(booking))


def test_changed_event_updates_the_same_entry():
    booking = booked()
    before = entry_of(booking)
    run("UPDATE events SET venue = 'The Barn' WHERE id = %s", booking.event_id)

    after = entry_of(reread(booking))

    assert after["uid"] == before["uid"]
    assert after["sequence"] > before["sequence"]
    assert after["location"] == "The Barn"


@pytest.mark.parametrize("table", ["bookings", "events"])
def test_cancelled_booking_or_event_cancels_the_entry(table):
    booking = booked()
    before = entry_of(booking)
    id_ = booking.pk if table == "bookings" else booking.event_id
    run(f"UPDATE {table} SET status = 'cancelled' WHERE id = %s", id_)

    after = entry_of(reread(booking))

    assert (after["uid"], after["status"]) == (before["uid"], "CANCELLED")
    assert after["sequence"] > before["sequence"]
    assert after["transp"] == "TRANSPARENT"


def test_calendar_contains_no_secret_links():
    content = calendar_for(booked())

    assert b"/b/" not in content
    assert b"/t/" not in content
