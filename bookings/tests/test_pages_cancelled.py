"""Pages of what is cancelled: who did it and why, and nothing that suggests the seats are there."""

from datetime import datetime

import pytest
from django.urls import reverse

from bookings.factories import BookingFactory
from bookings.models import Booking, Canceller
from bookings.operations import cancel_booking
from evently.links import sign_link
from evently.tests.sql import run
from events.factories import EventFactory

pytestmark = pytest.mark.django_db(transaction=True)

# Words and links of a page that speaks of valid tickets.
OF_VALID = (
    "Print",
    "Add to my calendar",
    "calendar.ics",
    "QR code",
    "Valid",
    "due at the entrance",
    "Cancel booking",
)


@pytest.fixture
def booking(user):
    return BookingFactory(user=user, quantity=2, event=EventFactory(timezone="Europe/Berlin"))


def cancelled_by(booking, canceller, reason=""):
    cancel_booking(event_id=booking.event_id, booking_id=booking.pk, by=canceller, reason=reason)
    at = datetime.fromisoformat("2026-07-01T17:05:00+00:00")
    run("UPDATE bookings SET cancelled_at = %s WHERE id = %s", at, booking.pk)


def page_of(client, booking):
    response = client.get(reverse("booking_detail", args=[booking.pk]))
    text = response.content.decode()
    assert [word for word in OF_VALID if word in text] == []
    assert response.context["tickets"] == []
    return text


@pytest.mark.parametrize(
    ("canceller", "reason", "text"),
    [
        ("attendee", "", "You cancelled this booking on Wed 1 Jul 2026, 19:05 CEST."),
        ("organizer", "", "The organizer cancelled this booking on Wed 1 Jul 2026, 19:05 CEST."),
        (
            "organizer",
            "Row G is broken",
            "The organizer cancelled this booking on Wed 1 Jul 2026, 19:05 CEST: Row G is broken.",
        ),
        ("expiry", "not paid in time", "It was not paid in time, so it was cancelled on Wed 1 Jul"),
        # Words of the program, typed by a person.
        ("organizer", "attendee", "The organizer cancelled this booking on Wed 1 Jul 2026, 19:05"),
    ],
)
def test_cancelled_booking_says_who_cancelled_it_and_why(client, booking, canceller, reason, text):
    cancelled_by(booking, Canceller(canceller), reason)

    assert text in page_of(client, booking)
    # Rows of the release before have no such column; only the typed word cannot be told there.
    if reason != "attendee":
        run("UPDATE bookings SET cancelled_by = NULL")
        assert text in page_of(client, booking)


@pytest.mark.parametrize("is_done", [False, True])
@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("Storm", "The organizer cancelled the event: Storm."),
        ("", "The organizer cancelled the event."),
    ],
)
def test_booking_of_a_cancelled_event_says_so_at_once(client, booking, is_done, reason, text):
    run("UPDATE events SET status = 'cancelled', cancel_reason = %s", reason)
    if is_done:
        cancelled_by(booking, Canceller.EVENT, reason or "the event was cancelled")

    assert text in page_of(client, booking)
    assert client.get(reverse("booking_done", args=[booking.pk])).status_code == 302
    listed = client.get("/bookings/", {"past": 1}).context["bookings"]
    assert [(row.pk, row.is_cancelled) for row in listed] == [(booking.pk, True)]
    assert list(client.get("/bookings/").context["bookings"]) == []
    calendar = client.get(reverse("booking_calendar", args=[booking.pk])).content
    assert b"METHOD:CANCEL" in calendar


def test_codes_of_a_cancelled_event_are_gone(client, booking):
    ticket = booking.tickets.filter(event_id=booking.event_id).first()
    token = sign_link(purpose="ticket", row_id=ticket.pk, event_id=booking.event_id)
    urls = [
        reverse("ticket_qr", args=[booking.pk, ticket.pk]),
        reverse("ticket_link_qr", args=[token]),
    ]
    assert [client.get(url).status_code for url in urls] == [200, 200]

    run("UPDATE events SET status = 'cancelled', cancel_reason = 'Storm'")

    assert [client.get(url).status_code for url in urls] == [404, 404]
    page = client.get(reverse("ticket_link", args=[token])).content.decode()
    assert "The organizer cancelled the event: Storm." in page
    assert "<img" not in page


def test_forwarded_ticket_does_not_say_who_cancelled_the_booking(client, booking):
    ticket = booking.tickets.filter(event_id=booking.event_id).first()
    token = sign_link(purpose="ticket", row_id=ticket.pk, event_id=booking.event_id)
    cancelled_by(booking, Canceller.ORGANIZER, "You shouted at the staff")

    page = client.get(reverse("ticket_link", args=[token])).content.decode()

    assert "The booking that it belongs to was cancelled." in page
    assert "shouted" not in page


def test_page_of_a_cancelled_event_gives_the_reason_as_emails_do(client, booking):
    run("UPDATE events SET status = 'cancelled', cancel_reason = 'Storm'")

    page = client.get(reverse("event_detail", args=[booking.event_id])).content.decode()

    assert "The organizer&#x27;s reason: Storm." in page
    assert "You have 2 tickets" not in page
    assert Booking.objects.get().is_ended
