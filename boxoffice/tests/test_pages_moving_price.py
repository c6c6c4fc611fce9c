"""Pages of an event whose price moves by a rule: what they say before checkout, kept as it is."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.factories import BookingFactory
from boxoffice.pricing.applying import apply_price_rule
from boxoffice.tests.test_pages_shared import assert_fresh, detail, seats_of
from boxoffice.tests.test_price_rules import book, ruled
from evently.kept import forget_everything
from evently.tests.sql import run
from events.factories import EventFactory
from events.operations import edit_event
from waitlists.tests.helpers import full_event

pytestmark = pytest.mark.django_db(transaction=True)
BOUNDS = "The price moves between €20.00 and €40.00 with demand."


def text_of(path):
    return Client().get(path).content.decode()


def announce(event, price, at_taken):
    run(
        "UPDATE pricing_rules SET next_price = %s, next_at_taken = %s WHERE event_id = %s",
        price,
        at_taken,
        event.pk,
    )


def test_page_says_how_the_price_moves_until_the_rule_is_suspended(clock):
    event = ruled(capacity=100)
    book(event, 90)
    page = detail(event)
    assert BOUNDS in text_of(page)
    assert "It has not changed yet." in text_of(page)

    apply_price_rule(event_id=event.pk)
    shown = text_of(page)
    assert "Last change: from €30.00 to €32.00 on" in shown
    assert "by the price rule. 90% sold, 9 days left: demand is ahead of plan." in shown
    assert "Maximum €40.00" in shown
    assert_fresh(page)

    edit_event(event_id=event.pk, version=None, current_price=Decimal(25), price_reason="Quiet")
    shown = text_of(page)
    assert BOUNDS not in shown
    assert "Maximum €40.00" not in shown
    by = "by the price rule, between €20.00 and €40.00"
    assert f'<span class="price-chart__by">{by}</span>' in shown
    assert_fresh(page)


def test_next_rise_moves_with_each_booking_and_what_is_announced():
    event = ruled(capacity=100)
    page = detail(event)
    Client().get(page)
    announce(event, 32, 20)
    assert "From €32.00 after 20 more seats" in text_of(page)
    BookingFactory(event=event, quantity=3)
    for path in (page, seats_of(event)):
        assert "From €32.00 after 17 more seats" in text_of(path)
        assert_fresh(path)
    run("UPDATE pricing_rules SET announces_next = false WHERE event_id = %s", event.pk)
    assert "as things stand" not in text_of(page)
    assert_fresh(page)


def test_open_page_gets_the_new_price():
    event = ruled(capacity=100)
    book(event, 90)
    asked = {"state": "book-30.00"}
    assert "HX-Retarget" not in Client().get(seats_of(event), asked).headers
    apply_price_rule(event_id=event.pk)

    answer = Client().get(seats_of(event), asked)

    assert answer.headers["HX-Retarget"] == "#panel"
    panel, bar = answer.content.decode().split('id="bar"')
    assert "€32.00" in panel
    assert bar.startswith(' aria-label="Quick booking" data-yields-to="booking" hx-swap-oob=')
    assert "€32.00" in bar


def test_fixed_price_takes_no_statement_more():
    counts = []
    for event in (EventFactory(priced=30), ruled()):
        forget_everything()
        with CaptureQueriesContext(connection) as queries:
            Client().get(detail(event))
        counts.append(len(queries))
    # The last change, for the panel.
    assert counts[1] == counts[0] + 1


def test_checkout_and_waitlist_say_that_the_price_moves():
    event = ruled(capacity=2)
    checkout = reverse("book", args=[event.pk])
    assert BOUNDS in text_of(checkout)
    run("UPDATE pricing_rules SET ceiling = 45 WHERE event_id = %s", event.pk)
    assert "between €20.00 and €45.00 with demand." in text_of(checkout)
    BookingFactory(event=event, quantity=2)

    joining = text_of(reverse("join_waitlist", args=[event.pk]))

    assert "You will pay at most €30.00 per seat." in joining
    assert "between €20.00 and €45.00 with demand." in joining
    full, _ = full_event()
    assert "with demand" not in text_of(reverse("join_waitlist", args=[full.pk]))
