"""Checkout and confirmation page: rendered once for many, and each visitor sees their own texts."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from bookings.factories import BookingFactory
from bookings.models import Booking
from bookings.tests.test_pages_checkout import open_checkout, set_price, submit
from evently.accounts.factories import UserFactory
from evently.database.clock import now
from evently.kept import forget_everything
from evently.tests.sql import run
from events.factories import EventFactory

pytestmark = pytest.mark.django_db

# Tokens differ in each response.
TOKENS = re.compile(r'(name="(?:csrfmiddlewaretoken|idempotency_key|quote)" value=")[^"]+')
CHECKOUT, SUMMARY, DONE = "bookings/checkout.html", "bookings/_summary.html", "bookings/done.html"


def logged_in(name):
    client = Client()
    client.force_login(UserFactory(name=name, email=f"{name[:2].lower()}@example.org"))
    return client


def text_of(response):
    assert response.status_code == 200
    return TOKENS.sub(r"\1", response.content.decode())


def templates_of(response):
    return {template.name for template in response.templates}


def checkout_of(client, event, quantity=1, **headers):
    return client.get(reverse("book", args=[event.pk]), {"quantity": quantity}, headers=headers)


def done_by(client, event):
    """Book one seat, and return the path of the confirmation page."""
    fields = {"name": "Zoë <b>", "email": "zoe@example.org"}
    answer = submit(client, event, open_checkout(client, event), **fields)
    assert answer.status_code == 302
    return answer["Location"]


@pytest.fixture
def event():
    return EventFactory(priced=20)


def test_checkout_is_rendered_once_for_all_visitors_and_once_for_all_users(event, clock):
    clock.stop(now())
    for first, second in ((Client(), Client()), (logged_in("Ada"), logged_in("Bo"))):
        assert CHECKOUT in templates_of(checkout_of(first, event))
        kept = checkout_of(second, event)
        assert CHECKOUT not in templates_of(kept)
        forget_everything()
        assert text_of(checkout_of(second, event)) == text_of(kept)


def test_kept_pages_show_each_user_their_own_texts(event):
    ada, bo = logged_in("Ada"), logged_in("Bo")
    paths = {client: done_by(client, event) for client in (ada, bo)}
    for client, own, other in ((ada, "ad", "bo"), (bo, "bo", "ad")):
        booking = Booking.objects.get(pk=paths[client].split("/")[2])
        done = text_of(client.get(paths[client]))
        assert booking.booking_reference in done
        assert f"go to {own}@example.org" in done
        assert f"{other}@example.org" not in done
        assert f"<strong>{own}@example.org</strong>" in text_of(checkout_of(client, event))


def test_own_texts_are_escaped(event):
    client = logged_in("Ada<i>")

    page = text_of(checkout_of(client, event))

    assert "<strong>Ada&lt;i&gt;</strong>" in page
    assert "<i>" not in page


def test_confirmation_page_of_a_guest_is_theirs_alone(event):
    guest, other = Client(), Client()
    paths = [done_by(client, event) for client in (guest, other)]
    other.get(paths[1])

    page = guest.get(paths[0])

    assert DONE not in templates_of(page)
    assert "zoe@example.org" in page.content.decode()
    assert paths[0].removesuffix("done/") in page.content.decode()
    assert paths[1].removesuffix("done/") not in page.content.decode()
    # In a browser that did not book, the address is not shown.
    assert "zoe@example.org" not in text_of(other.get(paths[0]))


def test_kept_checkout_follows_every_change(event, clock):
    clock.stop(now())

    def shown(quantity=1, **headers):
        page = checkout_of(Client(), event, quantity, **headers)
        kept = text_of(page)
        forget_everything()
        assert text_of(checkout_of(Client(), event, quantity, **headers)) == kept
        return kept

    assert "€20.00" in shown()
    assert "€60.00" in shown(3)
    assert "€60.00" in shown(3, HX_Request="true")
    set_price(event, 25)
    assert "€25.00" in shown()
    run("UPDATE events SET name = 'Other', version = version + 1 WHERE id = %s", event.pk)
    assert "Book: Other" in shown()
    BookingFactory(event=event, quantity=event.total_capacity - 2)
    assert 'max="2"' not in shown()
    assert "Only 2 seats left" in shown(3)


def test_kept_checkout_shows_when_the_quote_ends_and_until_when_to_cancel(event, clock):
    clock.stop(at := now())
    first = text_of(checkout_of(Client(), event))
    assert "You can cancel until" in first
    clock.stop(at + timedelta(minutes=1))
    assert text_of(checkout_of(Client(), event)) != first
    clock.stop(event.event_date - timedelta(minutes=1))
    assert "You can cancel until" not in text_of(checkout_of(Client(), event))
