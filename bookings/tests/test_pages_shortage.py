"""Checkout when fewer seats are left than requested: shown before the form is submitted."""

import pytest
from django.urls import reverse

from bookings.factories import BookingFactory
from evently.accounts.factories import UserFactory
from events.factories import EventFactory

pytestmark = pytest.mark.django_db(transaction=True)


def event_with(*, left: int, booked: int = 2):
    event = EventFactory(total_capacity=left + booked, priced=20)
    BookingFactory(event=event, quantity=booked)
    return event


def look(client, event, quantity, **headers):
    return client.get(reverse("book", args=[event.pk]), {"quantity": quantity}, headers=headers)


def test_checkout_offers_the_waitlist_when_sold_out(client):
    event = event_with(left=0)

    response = look(client, event, 2)

    page = response.content.decode()
    assert response.status_code == 200
    assert "Sold out" in page
    assert f"{reverse('join_waitlist', args=[event.pk])}?quantity=2" in page
    assert "Book now" not in page
    assert "Your details" not in page


def test_checkout_shows_how_few_are_left(client):
    event = event_with(left=1)
    client.force_login(UserFactory())

    page = look(client, event, 3).content.decode()

    assert "Only 1 seat left" in page
    assert "Join the waitlist for 3 seats" in page
    assert "Book now" not in page


def test_checkout_shows_how_few_are_left_when_the_quantity_changes(client):
    fragment = look(client, event_with(left=1), 3, HX_Request="true").content.decode()

    assert "Only 1 seat left" in fragment
    assert "<h1>" not in fragment


def test_checkout_shows_no_notice_when_enough_are_left(client):
    response = look(client, event_with(left=3), 3)

    assert "seats left" not in response.content.decode()
