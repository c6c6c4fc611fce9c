"""The rules in force, as the join page and the event page say them."""

from datetime import timedelta

import pytest
from django.urls import reverse

from evently.database.clock import now
from events.factories import EventFactory
from events.models import Event
from events.sale import sale_of
from waitlists.rules_text import offers_text, order_text, rules_in_force
from waitlists.tests.helpers import full_event

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("max_passes", "words"),
    [
        (0, "are too few for the first group are kept until it fits, or until 24 hours before"),
        (3, "can be passed up to 3 times; then seats are kept until it fits"),
        (None, "keeps its place, while the seats are offered to the next who fits."),
    ],
)
def test_order_says_what_happens_to_groups(max_passes, words):
    event = EventFactory(max_passes=max_passes)

    assert words in order_text(event)


def test_offers_last_as_long_as_the_organizer_says_or_between_bounds():
    assert "holds the seats for 2 days. Nights (22:00 to 08:00) do not count" in offers_text(
        Event(promotion_window_minutes=2880)
    )
    assert "between 15 minutes and 24 hours, depending on" in offers_text(Event())


def test_end_is_that_of_sales_or_the_start():
    event = EventFactory(sales_end_at=now() + timedelta(days=2))
    assert rules_in_force(event)[2].startswith("Seats are offered until sales end, on ")

    event.waitlist_until_start = True

    assert rules_in_force(event)[2].startswith("Seats are offered until the event starts, on ")


@pytest.mark.django_db(transaction=True)
def test_join_page_and_event_page_say_the_rules(client):
    event, _ = full_event(max_passes=0)

    joining = client.get(reverse("join_waitlist", args=[event.pk])).content.decode()
    shown = client.get(reverse("event_detail", args=[event.pk])).content.decode()

    assert all(rule in joining for rule in rules_in_force(event))
    assert order_text(event) in shown


def test_page_says_that_the_waitlist_goes_on_after_sales(clock):
    event = EventFactory(sales_end_at=now() + timedelta(days=2), waitlist_until_start=True)
    later = now() + timedelta(days=3)

    assert "offered to the waitlist until the start" in sale_of(event, at=later).closed_text
    event.waitlist_until_start = False
    assert sale_of(event, at=later).closed_text == "Bookings for this event are closed."
