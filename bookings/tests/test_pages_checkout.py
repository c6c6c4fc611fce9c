"""Checkout: booking at the price shown, as a user and as a guest."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from bookings.factories import BookingFactory
from bookings.models import Booking, BookingAttempt
from evently.accounts.factories import UserFactory
from evently.accounts.models import User
from evently.tests.forms import filled_fields
from evently.tests.sql import run
from events.factories import EventFactory

pytestmark = pytest.mark.django_db(transaction=True)


def open_checkout(client, event, quantity=1) -> dict[str, str]:
    """Open the checkout page; return the fields that its form would submit."""
    response = client.get(reverse("book", args=[event.pk]), {"quantity": quantity})
    assert response.status_code == 200
    return fields_of(response)


def fields_of(response) -> dict[str, str]:
    return {"quantity": "1"} | filled_fields(response)


def submit(client, event, fields, **more):
    return client.post(reverse("book", args=[event.pk]), fields | more)


def set_price(event, price):
    run("UPDATE events SET current_price = %s WHERE id = %s", Decimal(price), event.pk)


def test_checkout_books_for_the_current_user(client, user):
    event = EventFactory(priced=20)

    response = submit(client, event, open_checkout(client, event, 2))

    booking = Booking.objects.get()
    assert (booking.user_id, booking.quantity, booking.total_amount) == (user.pk, 2, 40)
    assert response.url == reverse("booking_done", args=[booking.pk])
    page = client.get(response.url).content.decode()
    assert booking.booking_reference in page
    assert "€40.00 due at the entrance" in page


def test_checkout_books_for_a_guest_without_logging_them_in(client):
    event = EventFactory()
    fields = open_checkout(client, event)

    response = submit(client, event, fields, name="Ada 🎷", email="ada@example.org")

    booking = Booking.objects.select_related("user__person_key").get()
    assert booking.user.email == "ada@example.org"
    assert booking.user.is_guest
    assert response.url.startswith("/b/")
    assert client.get(response.url).status_code == 200
    assert client.get(reverse("my_bookings")).status_code == 302


def test_checkout_responds_the_same_to_known_and_unknown_email_addresses(client):
    UserFactory(email="known@example.org")
    event = EventFactory()
    pages = []
    for email in ("known@example.org", "new@example.org"):
        response = submit(client, event, open_checkout(client, event), name="A", email=email)
        page = client.get(response.url).content.decode()
        for booking in Booking.objects.all():
            page = page.replace(booking.booking_reference, "").replace(booking.pk.hex, "")
        pages.append((response.status_code, len(page)))
    assert pages[0][0] == pages[1][0] == 302
    assert abs(pages[0][1] - pages[1][1]) < 20


def test_checkout_when_sold_out_does_not_reveal_who_has_seats(client):
    event = EventFactory(total_capacity=2, max_per_person=2)
    fields = open_checkout(client, event)
    known = BookingFactory(event=event, quantity=2).user.email
    answers = [
        submit(client, event, fields, name="A", email=email) for email in (known, "new@example.org")
    ]
    assert [answer.status_code for answer in answers] == [409, 409]
    titles = [answer.context["refusal"]["title"] for answer in answers]
    assert titles == ["There are not enough seats left"] * 2


def test_checkout_submitted_twice_makes_one_booking_and_shows_it_again(client, user):
    event = EventFactory()
    fields = open_checkout(client, event)

    first, second = submit(client, event, fields), submit(client, event, fields)

    assert first.url == second.url
    assert Booking.objects.count() == 1


def test_checkout_changed_after_booking_asks_before_booking_again(client, user):
    event = EventFactory()
    fields = open_checkout(client, event)
    submit(client, event, fields)

    response = submit(client, event, fields, quantity="2")

    assert response.status_code == 422
    assert "This form has already been submitted" in response.content.decode()
    again = submit(client, event, fields_of(response), quantity="2")
    assert again.status_code == 302
    assert Booking.objects.count() == 2


def test_checkout_keeps_the_quoted_price_when_the_price_rises(client, user):
    event = EventFactory(priced=20)
    fields = open_checkout(client, event)
    set_price(event, 30)

    assert submit(client, event, fields).status_code == 302
    assert Booking.objects.get().unit_price == 20


def test_checkout_shows_both_prices_when_the_quote_has_expired(client, user, clock):
    event = EventFactory(priced=20)
    fields = open_checkout(client, event)
    set_price(event, 30)
    clock.move(timedelta(minutes=16))

    response = submit(client, event, fields)

    page = response.content.decode()
    assert response.status_code == 422
    assert "€20.00 when you opened" in page
    assert "€30.00 now" in page
    assert Booking.objects.count() == 0
    assert submit(client, event, fields_of(response)).status_code == 302
    assert Booking.objects.get().unit_price == 30


def test_checkout_of_a_free_event_shows_a_price_added_meanwhile(client, user):
    event = EventFactory(payment_mode="door")
    fields = open_checkout(client, event)
    set_price(event, 5)

    response = submit(client, event, fields)

    assert response.status_code == 409
    assert "is €5.00 now" in response.content.decode()


def test_checkout_for_more_seats_than_quoted_shows_the_new_total(client, user):
    event = EventFactory(priced=20)
    fields = open_checkout(client, event, 1)

    response = submit(client, event, fields, quantity="3")

    assert response.status_code == 422
    assert "€60.00" in response.content.decode()
    assert submit(client, event, fields_of(response)).status_code == 302
    assert Booking.objects.get().total_amount == 60


def test_checkout_refuses_the_quote_of_another_browser(client, user):
    event = EventFactory(priced=20)
    fields = open_checkout(Client(), event)
    set_price(event, 30)

    assert submit(client, event, fields).status_code == 422
    assert Booking.objects.count() == 0


def test_checkout_when_sold_out_links_to_the_waitlist_with_the_same_quantity(client, user):
    event = EventFactory(total_capacity=4)
    BookingFactory(event=event, quantity=2)
    fields = open_checkout(client, event, 3)
    response = submit(client, event, fields)

    page = response.content.decode()
    assert response.status_code == 409
    assert "Only 2 are left" in page
    assert f"{reverse('join_waitlist', args=[event.pk])}?quantity=3" in page
    assert response.context["form"]["quantity"].value() == "3"
    assert BookingAttempt.objects.get().failure_reason == "sold_out"


@pytest.mark.parametrize("quantity", ["0", "-1", "11", "9" * 30, "x", "1.5", "", "١٠٠", "😀"])
def test_checkout_refuses_invalid_quantities(client, user, quantity):
    event = EventFactory(priced=20)
    fields = open_checkout(client, event)

    response = submit(client, event, fields, quantity=quantity)

    assert response.status_code == 422
    assert response.context["form"].errors["quantity"]
    assert Booking.objects.count() == 0
    answer = client.get(reverse("book", args=[event.pk]), {"quantity": quantity})
    assert answer.status_code in (200, 422)


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "no address"},
        {"email": ""},
        {"email": "a\x00b@example.org"},
        {"email": "ä😀@example.org"},
        {"email": "x" * 300 + "@example.org"},
        {"name": ""},
        {"name": "null\x00byte"},
        {"name": "x" * 300},
        {"name": "\u202e\ud7ff\x07"},
    ],
)
def test_checkout_shows_errors_in_a_guests_name_and_email(client, wrong):
    event = EventFactory()
    fields = open_checkout(client, event) | {"name": "Ada", "email": "ada@example.org"}

    response = submit(client, event, fields | wrong)

    assert response.status_code == 422
    assert response.context["form"].errors.keys() == wrong.keys()
    assert User.objects.filter(created_events__isnull=True).count() == 0


@pytest.mark.parametrize("key", ["", "x" * 1000, "null\x00", "😀" * 10, "\n"])
def test_checkout_accepts_any_idempotency_key(client, user, key):
    event = EventFactory()
    fields = open_checkout(client, event) | {"idempotency_key": key}
    assert submit(client, event, fields).status_code in (302, 422)


@pytest.mark.parametrize("quote", ["x", "x" * 3000, "null\x00", "a:b:c", "😀"])
def test_checkout_refuses_malformed_quotes(client, user, quote):
    event = EventFactory(priced=20)
    fields = open_checkout(client, event) | {"quote": quote}
    assert submit(client, event, fields).status_code == 422


def test_checkout_of_events_that_cannot_be_booked(client, user, clock):
    draft = EventFactory(published_at=None)
    cancelled = EventFactory(status="cancelled")
    over = EventFactory()
    assert client.get(reverse("book", args=[draft.pk])).status_code == 404
    assert client.get(reverse("book", args=[uuid4()])).status_code == 404
    assert client.get(reverse("book", args=[cancelled.pk])).status_code == 409
    clock.move(timedelta(days=31))
    assert client.get(reverse("book", args=[over.pk])).status_code == 409
    response = submit(client, over, {"quantity": "1", "unit_price": "0"})
    assert response.status_code == 409
    assert "Bookings are closed" in response.content.decode()


def test_checkout_requires_a_csrf_token():
    event = EventFactory()
    strict = Client(enforce_csrf_checks=True)
    assert submit(strict, event, {"quantity": "1"}).status_code == 403
    assert Booking.objects.count() == 0


def test_checkout_without_scripts_updates_the_price_and_keeps_what_was_typed(client):
    event = EventFactory(priced=20)
    fields = open_checkout(client, event) | {"name": "Ada", "email": "", "look": "1"}

    response = submit(client, event, fields, quantity="3")

    page = response.content.decode()
    assert response.status_code == 200
    assert "€60.00" in page
    assert 'value="Ada"' in page
    assert not response.context["form"].errors
    assert fields_of(response)["idempotency_key"] == fields["idempotency_key"]


def test_checkout_returns_only_the_price_to_htmx(client):
    event = EventFactory(priced=20)
    url = reverse("book", args=[event.pk])
    page = client.get(url, {"quantity": 4}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in page
    assert "€80.00" in page
