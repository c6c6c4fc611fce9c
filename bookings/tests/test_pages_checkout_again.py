"""The checkout on a second visit: earlier quotes hold, and no form books twice by mistake."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from bookings.factories import BookingFactory
from bookings.models import Booking
from bookings.tests.test_pages_checkout import fields_of, open_checkout, set_price, submit
from evently.accounts.factories import PASSWORD, UserFactory
from evently.tests.sql import run
from events.factories import EventFactory

pytestmark = pytest.mark.django_db(transaction=True)

GUEST = {"name": "Ada", "email": "ada@example.org"}


def look(client, event, quantity, **headers):
    return client.get(reverse("book", args=[event.pk]), {"quantity": quantity}, headers=headers)


def words_of(response):
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return " ".join(text.split())


# ── Quotes ──────────────────────────────────────────────────────────────────
@pytest.fixture
def event():
    return EventFactory(priced=66)


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "htmx"])
def test_earlier_quote_holds_for_its_seats_and_fewer(client, event, headers):
    look(client, event, 2)
    set_price(event, 69)

    for quantity, total in ((2, "€132.00"), (1, "€66.00")):
        words = words_of(look(client, event, quantity, **headers))
        assert f"You will pay at most {total}" in words
        assert "The price has risen to €69.00 per seat" in words
        assert "You were promised €66.00" in words


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "htmx"])
def test_more_seats_than_quoted_cost_the_new_price_in_words(client, event, headers):
    look(client, event, 2)
    set_price(event, 69)

    response = look(client, event, 3, **headers)

    words = words_of(response)
    assert "The price has risen from €66.00 to €69.00 per seat" in words
    assert "You were promised €66.00 for 2 seats" in words
    assert "For 3 seats, each costs €69.00: €207.00 in all." in words
    assert "Book 2 seats at €66.00 each" in words
    assert "You will pay at most €207.00" in words
    assert "You will pay at most €132.00" in words_of(look(client, event, 2, **headers))


def test_plus_then_minus_keeps_the_promise_and_books_at_it(client, user, event):
    open_checkout(client, event)
    set_price(event, 69)
    look(client, event, 2)

    submit(client, event, fields_of(look(client, event, 1)))

    assert Booking.objects.get().unit_price == 66


def test_update_button_keeps_the_earlier_quote(client, event):
    fields = open_checkout(client, event, 2)
    set_price(event, 69)

    response = submit(client, event, fields | {"look": "1"}, quantity="1")

    assert "You will pay at most €66.00" in words_of(response)


def test_fallen_price_is_shown_at_once(client, event):
    look(client, event, 2)
    set_price(event, 50)

    words = words_of(look(client, event, 2))

    assert "You will pay at most €100.00" in words
    assert "risen" not in words


def test_used_quote_is_not_offered_again(client, user, event):
    submit(client, event, open_checkout(client, event, 2))
    set_price(event, 69)

    response = look(client, event, 2)

    assert fields_of(response)["unit_price"] == "69"
    assert "You will pay at most €138.00" in words_of(response)


def test_guest_who_logs_in_keeps_the_quoted_price(client, event):
    user = UserFactory(password=PASSWORD)
    look(client, event, 2)
    set_price(event, 69)
    url = reverse("book", args=[event.pk])

    client.post(
        reverse("log_in"), {"email": user.email, "password": PASSWORD, "next": f"{url}?quantity=2"}
    )
    page = look(client, event, 2)

    assert "You will pay at most €132.00" in words_of(page)
    assert submit(client, event, fields_of(page)).status_code == 302
    booking = Booking.objects.get()
    assert (booking.user_id, booking.unit_price, booking.quantity) == (user.pk, 66, 2)
    # Used up, also under the new name.
    assert "€69.00" in words_of(look(client, event, 1))


def test_quote_of_another_browser_is_not_taken_over(client, event):
    user = UserFactory(password=PASSWORD)
    page = look(Client(), event, 2)
    set_price(event, 69)
    client.post(reverse("log_in"), {"email": user.email, "password": PASSWORD})

    response = submit(client, event, fields_of(page) | {"idempotency_key": "another-browser"})

    assert response.status_code == 422
    assert not Booking.objects.exists()


def test_quote_of_one_event_says_nothing_about_another(client, event):
    look(client, event, 2)
    other = EventFactory(priced=80)

    assert "You will pay at most €80.00" in words_of(look(client, other, 1))


# ── Booked already ──────────────────────────────────────────────────────────
@pytest.fixture(params=["user", "guest"])
def visitor(request):
    """Fields that a visitor adds to the form: none when logged in."""
    if request.param == "user":
        request.getfixturevalue("user")
        return {}
    return GUEST


def test_form_sent_again_shows_the_first_booking_however_often(client, event, visitor):
    fields = open_checkout(client, event, 2) | visitor
    first = submit(client, event, fields)

    for _ in range(50):
        again = submit(client, event, fields)
        assert again.status_code == 302
        assert Booking.objects.count() == 1
    assert [response.url.split("/")[1] for response in (first, again)] in (
        ["bookings", "bookings"],
        ["b", "b"],
    )


def test_page_after_booking_says_what_the_visitor_has_and_asks(client, event, visitor):
    submit(client, event, open_checkout(client, event, 2) | visitor)

    response = look(client, event, 1)

    words = words_of(response)
    assert "You already have 2 seats for this event" in words
    assert "Book more?" in words
    assert "Book 1 more seat" in words
    assert "Book now" not in words
    assert "no-store" in response["Cache-Control"]
    again = submit(client, event, fields_of(response) | visitor)
    assert again.status_code == 302
    assert sum(booking.quantity for booking in Booking.objects.all()) == 3


def test_form_opened_before_the_booking_asks_instead_of_booking_again(client, event, visitor):
    first, second = (open_checkout(client, event, 1) | visitor for _ in range(2))
    submit(client, event, first)

    response = submit(client, event, second)

    assert response.status_code == 409
    assert "You already have 1 seat for this event" in words_of(response)
    assert Booking.objects.count() == 1
    assert submit(client, event, fields_of(response) | visitor).status_code == 302
    assert Booking.objects.count() == 2


def test_form_sent_again_with_other_seats_does_not_book(client, event, visitor):
    fields = open_checkout(client, event, 2) | visitor
    submit(client, event, fields)

    response = submit(client, event, fields, quantity="1")

    assert response.status_code in (409, 422)
    assert "Nothing was booked yet" not in words_of(response)
    assert "You already have 2 seats for this event" in words_of(response)
    assert Booking.objects.count() == 1


def test_cancelled_seats_are_no_longer_mentioned(client, user, event):
    submit(client, event, open_checkout(client, event, 2))
    run("UPDATE bookings SET status = 'cancelled'")

    assert "You already have" not in words_of(look(client, event, 1))


def test_guest_learns_nothing_of_what_the_owner_of_the_address_booked(client, event):
    submit(client, event, open_checkout(client, event, 2) | GUEST)
    client.cookies.clear()

    assert "You already have" not in words_of(look(client, event, 1))


def test_hidden_fields_are_not_restored_by_the_browser(client, event):
    page = look(client, event, 2).content.decode()

    for name in ("idempotency_key", "known_seats", "quote", "unit_price", "quantity"):
        (tag,) = re.findall(rf'<input[^>]*name="{name}"[^>]*>', page)
        assert 'autocomplete="off"' in tag, name


def test_confirmation_of_a_booking_cancelled_since_shows_the_booking(client, user, event):
    booking = BookingFactory(event=event, user=user)
    run("UPDATE bookings SET status = 'cancelled'")

    response = client.get(reverse("booking_done", args=[booking.pk]))

    assert response.url == reverse("booking_detail", args=[booking.pk])
