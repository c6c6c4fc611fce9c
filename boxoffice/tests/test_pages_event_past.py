"""The page of a cancelled or past event: marked at the top, with nothing on sale."""

import pytest
from django.urls import reverse

from events.factories import EventFactory

pytestmark = pytest.mark.django_db(transaction=True)


def page_of(client, event) -> str:
    return client.get(reverse("event_detail", args=[event.pk])).content.decode()


def test_event_page_is_marked_as_cancelled_at_the_top(client):
    page = page_of(client, EventFactory(priced=20, status="cancelled"))

    assert page.index(">Cancelled</span>") < page.index("<h1")
    assert "This event is cancelled" in page
    assert "Good to know" not in page
    assert "€20.00" not in page.split("</head>")[1]


def test_event_page_is_marked_as_over_at_the_top(client):
    page = page_of(client, EventFactory(priced=20, status="completed"))

    assert page.index(">Over</span>") < page.index("<h1")
    assert "Good to know" not in page


def test_event_page_shows_seats_before_the_description(client):
    page = page_of(client, EventFactory(description="A long evening."))

    assert page.index('id="booking"') < page.index('id="about"')


def test_event_page_without_description_describes_itself_by_name_and_venue(client):
    event = EventFactory(description="", name="Late Quartet", venue="Oude Molen")

    page = page_of(client, event)

    assert '<meta name="description" content="Late Quartet, ' in page
    assert 'id="about"' not in page
