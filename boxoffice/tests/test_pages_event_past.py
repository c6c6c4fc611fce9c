"""The page of an event that is cancelled or over: said at its head, and nothing is sold."""

import pytest
from django.urls import reverse

from events.factories import EventFactory

pytestmark = pytest.mark.django_db(transaction=True)


def page_of(client, event) -> str:
    return client.get(reverse("event_detail", args=[event.pk])).content.decode()


def test_event_page_says_at_its_head_that_it_is_cancelled(client):
    page = page_of(client, EventFactory(priced=20, status="cancelled"))

    assert page.index(">Cancelled</span>") < page.index("<h1")
    assert "This event is cancelled" in page
    assert "Good to know" not in page
    assert "€20.00" not in page.split("</head>")[1]


def test_event_page_says_at_its_head_that_it_is_over(client):
    page = page_of(client, EventFactory(priced=20, status="completed"))

    assert page.index(">Over</span>") < page.index("<h1")
    assert "Good to know" not in page


def test_event_page_offers_seats_before_it_goes_on_about_the_event(client):
    page = page_of(client, EventFactory(description="A long evening."))

    assert page.index('id="booking"') < page.index('id="about"')


def test_event_page_without_a_description_says_so_to_search_engines(client):
    event = EventFactory(description="", name="Late Quartet", venue="Oude Molen")

    page = page_of(client, event)

    assert '<meta name="description" content="Late Quartet, ' in page
    assert 'id="about"' not in page
