"""Joining the waitlist of an event, with and without an account."""

from datetime import timedelta

import pytest
from django.urls import reverse

from bookings.factories import BookingFactory
from events.factories import EventFactory
from waitlists.models import WaitlistEntry
from waitlists.tests.helpers import full_event

pytestmark = pytest.mark.django_db(transaction=True)


def join(client, event, **fields):
    form = client.get(reverse("join_waitlist", args=[event.pk])).context["form"]
    data = {"idempotency_key": form["idempotency_key"].value(), "quantity": "1", **fields}
    return client.post(reverse("join_waitlist", args=[event.pk]), data), data


def test_sending_the_form_twice_joins_once(client, user):
    event, _ = full_event()

    response, data = join(client, event, quantity="2", min_quantity="1")
    again = client.post(reverse("join_waitlist", args=[event.pk]), data)

    entry = WaitlistEntry.objects.get()
    assert (entry.user_id, entry.quantity, entry.min_quantity) == (user.pk, 2, 1)
    assert response.url == again.url == reverse("waitlist_entry", args=[entry.pk])
    assert "1st" in client.get(response.url).content.decode()


def test_joining_as_a_guest_twice_shows_the_same_page(client):
    event, _ = full_event()
    first, _ = join(client, event, name="Ada", email="ada@example.org")
    second, _ = join(client, event, name="Ada", email="ada@example.org")
    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    assert WaitlistEntry.objects.count() == 1
    assert client.get(reverse("my_waitlists")).status_code == 302


def test_joining_as_a_guest_reveals_nothing_about_the_owner(client):
    def answer(event, email):
        response, _ = join(client, event, name="Ada", email=email)
        return response.status_code, response.content.decode().replace(email, "")

    full, booking = full_event(max_per_person=2)
    assert answer(full, booking.user.email) == answer(full, "nobody@example.org")

    on_sale = EventFactory(max_per_person=2)
    booked = BookingFactory(event=on_sale, quantity=2).user.email
    assert answer(on_sale, booked)[0] == answer(on_sale, "other@example.org")[0] == 409


def test_joining_while_seats_are_on_sale_links_to_booking(client, user):
    event = EventFactory()
    response, _ = join(client, event, quantity="2")
    assert response.status_code == 409
    assert f"{reverse('book', args=[event.pk])}?quantity=2" in response.content.decode()


def test_joining_twice_links_to_my_waitlists(client, user):
    event, _ = full_event()
    join(client, event)
    response, _ = join(client, event)
    assert response.status_code == 409
    assert reverse("my_waitlists") in response.content.decode()


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"quantity": "0"}, "quantity"),
        ({"quantity": "-1"}, "quantity"),
        ({"quantity": "11"}, "quantity"),
        ({"quantity": "x"}, "quantity"),
        ({"quantity": "9" * 40}, "quantity"),
        ({"quantity": "2", "min_quantity": "3"}, "min_quantity"),
        ({"quantity": "2", "min_quantity": "0"}, "min_quantity"),
        ({"quantity": "2", "min_quantity": "😀"}, "min_quantity"),
    ],
)
def test_joining_refuses_invalid_quantities(client, user, fields, where):
    event, _ = full_event()
    response, _ = join(client, event, **fields)
    assert response.status_code == 422
    assert where in response.context["form"].errors
    assert WaitlistEntry.objects.count() == 0


@pytest.mark.parametrize("quantity", ["0", "99", "x", "9" * 50, "²", "😀"])
def test_join_page_ignores_invalid_quantities(client, quantity):
    event, _ = full_event()
    url = reverse("join_waitlist", args=[event.pk])
    assert client.get(url, {"quantity": quantity}).status_code == 200


def test_joining_a_past_event_is_refused(client, user, clock):
    event, _ = full_event()
    clock.move(timedelta(days=31))
    response, _ = join(client, event)
    assert response.status_code == 409
    assert "are closed" in response.content.decode()
