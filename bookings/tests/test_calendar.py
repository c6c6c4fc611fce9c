"""Calendar files: one entry per booking, updated and cancelled in place."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from icalendar import Calendar

from bookings.calendar import calendar_for, calendar_links
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


@pytest.mark.parametrize("columns", [{}, {"ends_at": STARTS}])
def test_event_without_an_end_ends_after_an_hour_and_says_so(columns):
    entry = entry_of(booked(**columns))

    assert entry.decoded("dtend") == STARTS + timedelta(hours=1)
    assert entry["description"].endswith(". The organizer has not given an end.")


@pytest.mark.parametrize("ends_at", [datetime(2099, 7, 2, 22, 0, tzinfo=UTC), None])
def test_links_to_calendars_on_the_web_have_the_same_times_and_place(ends_at):
    booking = booked(ends_at=ends_at, venue="Old Mill & Barn, Zürich")
    google, outlook = (parse_qs(urlsplit(link.url).query) for link in calendar_links(booking))
    end = ends_at or STARTS + timedelta(hours=1)

    assert google["dates"] == [f"20990702T183000Z/{end:%Y%m%dT%H%M%SZ}"]
    assert google["ctz"] == ["Europe/Zurich"]
    assert outlook["startdt"] == ["2099-07-02T18:30:00Z"]
    assert outlook["enddt"] == [f"{end:%Y-%m-%dT%H:%M:%SZ}"]
    assert google["text"] == outlook["subject"] == ["Jazz; late, loud"]
    assert google["location"] == outlook["location"] == ["Old Mill & Barn, Zürich"]
    for details in (google["details"], outlook["body"]):
        assert booking.booking_reference in details[0]
        assert f"/events/{booking.event_id}/" in details[0]


def test_cancelled_booking_is_cancelled_in_calendars_with_its_end():
    booking = booked()
    run("UPDATE bookings SET status = 'cancelled'")
    content = calendar_for(reread(booking))

    assert b"METHOD:CANCEL" in content
    assert b"DTEND:20990702T193000Z" in content


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
