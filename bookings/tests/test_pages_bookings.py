"""Pages of a booking: tickets, cancelling, and the same by emailed links."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.factories import BookingFactory
from bookings.models import Booking
from bookings.presenters import BookingPresenter
from evently.database.clock import now
from evently.links import sign_link
from evently.tests.sql import run
from events.factories import EventFactory
from events.models import PaymentMode

pytestmark = pytest.mark.django_db(transaction=True)


def test_booking_page_shows_tickets_with_codes(client, user):
    booking = BookingFactory(user=user, quantity=2)

    response = client.get(reverse("booking_detail", args=[booking.pk]))

    tickets = response.context["tickets"]
    assert [ticket.number for ticket in tickets] == [1, 2]
    code = client.get(tickets[0].qr_url)
    assert code.headers["Content-Type"] == "image/svg+xml"
    assert b"<svg" in code.content
    calendar = client.get(reverse("booking_calendar", args=[booking.pk]))
    assert b"BEGIN:VEVENT" in calendar.content


def test_bookings_of_other_users_are_not_found(client, user):
    theirs = BookingFactory()
    ticket = theirs.tickets.get(event_id=theirs.event_id)
    for name in ("booking_detail", "booking_done", "cancel_booking", "booking_calendar"):
        assert client.get(reverse(name, args=[theirs.pk])).status_code == 404, name
    assert client.get(reverse("ticket_qr", args=[theirs.pk, ticket.pk])).status_code == 404
    assert client.post(reverse("cancel_booking", args=[theirs.pk])).status_code == 404
    assert not Booking.objects.get().is_cancelled
    mine = BookingFactory(user=user)
    assert client.get(reverse("ticket_qr", args=[mine.pk, ticket.pk])).status_code == 404


def test_my_bookings_separates_upcoming_from_past_and_cancelled(client, user):
    upcoming, cancelled = BookingFactory(user=user), BookingFactory(user=user)
    BookingFactory()
    run("UPDATE bookings SET status = 'cancelled' WHERE id = %s", cancelled.pk)
    listed = [row.pk for row in client.get("/bookings/").context["bookings"]]
    past = [row.pk for row in client.get("/bookings/", {"past": 1}).context["bookings"]]
    assert (listed, past) == ([upcoming.pk], [cancelled.pk])


def test_my_bookings_has_one_query_count_for_1_and_20_bookings(client, user):
    counts = []
    for more in (1, 19):
        BookingFactory.create_batch(more, user=user)
        with CaptureQueriesContext(connection) as queries:
            client.get("/bookings/")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 6


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        ("", "Any refund is made by the organizer."),
        (
            "Half of the price.",
            "The organizer refunds your payment according to their refund policy. "
            "Half of the price.",
        ),
    ],
)
def test_refund_text_names_a_policy_only_where_there_is_one(policy, text):
    booking = BookingFactory(event=EventFactory(priced=20, refund_policy=policy))
    booking.refresh_from_db()
    booking.event.payment_mode = PaymentMode.TRANSFER

    assert BookingPresenter(booking, at=now()).refund_text == text


def test_cancelling_asks_for_confirmation_and_happens_once(client, user):
    booking = BookingFactory(user=user, event=EventFactory(priced=20), quantity=2)
    url = reverse("cancel_booking", args=[booking.pk])

    confirmation = client.get(url)
    assert "nothing to refund" in confirmation.content.decode()
    assert not Booking.objects.get().is_cancelled

    fields = {"idempotency_key": confirmation.context["form"]["idempotency_key"].value()}
    assert client.post(url, fields).status_code == 302
    assert Booking.objects.get().is_cancelled
    assert client.post(url, fields).status_code == 302
    refused = client.post(url, {"idempotency_key": "another"})
    assert refused.status_code == 409
    assert "already been cancelled" in refused.content.decode()


def test_cancelling_after_the_deadline_is_refused(client, user, clock):
    booking = BookingFactory(user=user, event=EventFactory(priced=20))
    clock.move(timedelta(days=29))
    response = client.post(reverse("cancel_booking", args=[booking.pk]))
    assert response.status_code == 409
    assert "deadline for cancelling" in response.content.decode()


# ── Emailed links ───────────────────────────────────────────────────────────
def link(booking, purpose="booking", row=None):
    return sign_link(purpose=purpose, row_id=(row or booking).pk, event_id=booking.event_id)


def test_emailed_link_shows_and_cancels_its_booking(client):
    booking = BookingFactory()
    token = link(booking)
    page = client.get(f"/b/{token}/")
    assert booking.booking_reference in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert client.get(page.context["tickets"][0].qr_url).status_code == 200
    assert client.get(f"/b/{token}/calendar.ics").status_code == 200

    assert client.get(f"/b/{token}/cancel/").status_code == 200
    assert not Booking.objects.get().is_cancelled, "opening a link must not cancel"
    assert client.post(f"/b/{token}/cancel/").status_code == 302
    assert Booking.objects.get().is_cancelled
    assert client.get(f"/b/{token}/").status_code == 200


def test_emailed_link_works_for_its_own_purpose_only(client):
    booking = BookingFactory()
    ticket = booking.tickets.get(event_id=booking.event_id)
    for path in ("/b/{}/", "/w/{}/", "/p/{}/", "/t/{}/"):
        for purpose in ("booking", "ticket", "entry", "promotion"):
            token = link(booking, purpose, ticket if purpose == "ticket" else None)
            fits = {"b": "booking", "t": "ticket"}.get(path[1]) == purpose
            assert client.get(path.format(token)).status_code == (200 if fits else 404)
    for malformed in ("x", link(booking)[:-1], "😀", "a.b.c"):
        assert client.get(f"/b/{malformed}/").status_code == 404
        assert client.post(f"/b/{malformed}/cancel/").status_code == 404


def test_ticket_link_shows_one_ticket_with_its_qr_code(client):
    booking = BookingFactory(quantity=2)
    ticket = booking.tickets.filter(event_id=booking.event_id).first()
    token = link(booking, "ticket", ticket)
    assert client.get(f"/t/{token}/").status_code == 200
    assert b"<svg" in client.get(f"/t/{token}/code.svg").content


def test_ticket_link_of_a_cancelled_ticket_has_no_qr_code(client):
    booking = BookingFactory()
    token = link(booking, "ticket", booking.tickets.get(event_id=booking.event_id))
    run("UPDATE bookings SET status = 'cancelled' WHERE id = %s", booking.pk)
    assert "no longer valid" in client.get(f"/t/{token}/").content.decode()
    assert client.get(f"/t/{token}/code.svg").status_code == 404
