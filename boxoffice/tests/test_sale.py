"""How an event stands: one answer for cards, pages, fragments, the checkout and the API."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from bookings.factories import BookingFactory
from evently.database.clock import now
from evently.tests.forms import filled_fields
from evently.tests.rows import wait
from evently.tests.sql import run
from events.factories import EventFactory
from events.sale import SaleState, sale_of

pytestmark = pytest.mark.django_db

OPENS = datetime(2098, 12, 4, 9, 0, tzinfo=UTC)
STARTS = datetime(2099, 7, 2, 18, 30, tzinfo=UTC)


def in_hours(hours):
    return now() + timedelta(hours=hours)


def event_in(state):
    """Return an event in a state, with its label on cards."""
    if state in (SaleState.RUNNING, SaleState.OVER):
        began, ends = (-1, 2) if state is SaleState.RUNNING else (-4, -1)
        return EventFactory(
            created_at=in_hours(-9), event_date=in_hours(began), ends_at=in_hours(ends)
        )
    columns = {
        SaleState.DRAFT: {"published_at": None},
        SaleState.BEFORE_SALES: {"sales_start_at": OPENS, "timezone": "Europe/Berlin"},
        SaleState.ON_SALE: {"total_capacity": 800},
        SaleState.FEW_LEFT: {"total_capacity": 3},
        SaleState.WAITLIST_FIRST: {"total_capacity": 4},
        SaleState.SOLD_OUT: {"total_capacity": 2},
        SaleState.SALES_ENDED: {"sales_end_at": in_hours(-1), "total_capacity": 800},
        SaleState.CANCELLED: {"status": "cancelled"},
    }[state]
    event = EventFactory(event_date=STARTS, priced=20, **columns)
    if state is SaleState.SOLD_OUT:
        BookingFactory(event=event, quantity=2)
    if state is SaleState.WAITLIST_FIRST:
        BookingFactory(event=event, quantity=1)
        booking = BookingFactory(event=event, quantity=3)
        wait(event.pk, quantity=2, min_quantity=2)
        run("UPDATE bookings SET status = 'cancelled' WHERE id = %s", booking.pk)
    event.refresh_from_db()
    return event


STATES = {
    SaleState.DRAFT: "Draft",
    SaleState.BEFORE_SALES: "On sale from Thu 4 Dec 2098, 10:00 CET",
    SaleState.ON_SALE: "800 seats left",
    SaleState.FEW_LEFT: "Only 3 seats left",
    SaleState.WAITLIST_FIRST: "3 seats left, kept for the waitlist",
    SaleState.SOLD_OUT: "Sold out",
    SaleState.SALES_ENDED: "Bookings closed",
    SaleState.RUNNING: "On now",
    SaleState.OVER: "Over",
    SaleState.CANCELLED: "Cancelled",
}
LISTED = [state for state in STATES if state not in ("draft", "running", "over", "cancelled")]


@pytest.mark.parametrize(("state", "label"), STATES.items())
def test_state_and_label(state, label):
    sale = sale_of(event_in(state), at=now())

    assert (sale.state, sale.label) == (state, label)
    assert sale.can_book == (state in ("on_sale", "few_left"))
    assert sale.can_join == (state in ("waitlist_first", "sold_out"))
    assert bool(sale.closed_text) != sale.is_open


@pytest.mark.parametrize("state", LISTED)
def test_card_page_fragment_and_api_agree(client, state):
    event = event_in(state)

    card = client.get("/").content.decode()
    page = client.get(reverse("event_detail", args=[event.pk])).content.decode()
    fragment = client.get(reverse("event_seats", args=[event.pk])).content.decode()
    (listed,) = client.get("/api/v1/events/").json()["results"]

    for text in (card, page, fragment):
        assert STATES[state] in text
    assert listed["sales_state"] == state
    assert client.get(f"/api/v1/events/{event.pk}/").json()["sales_state"] == state
    if state not in ("on_sale", "few_left"):
        assert "800 seats left" not in card + page + fragment


@pytest.mark.parametrize("state", [state for state in STATES if state != "draft"])
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "htmx"])
def test_checkout_offers_only_what_is_possible(client, state, headers):
    event = event_in(state)

    response = client.get(reverse("book", args=[event.pk]), headers=headers)

    words = " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())
    can_book = state in ("on_sale", "few_left")
    assert ("Book now" in words) == can_book
    assert ("You will pay at most" in words) == can_book
    assert ("Join the waitlist for 1 seat" in words) == (state in ("sold_out", "waitlist_first"))


def test_checkout_that_is_sold_out_meanwhile_offers_the_waitlist(client, user):
    event = event_in(SaleState.FEW_LEFT)
    url = reverse("book", args=[event.pk])
    fields = filled_fields(client.get(url))
    BookingFactory(event=event, quantity=3)

    response = client.post(url, fields)

    page = response.content.decode()
    assert response.status_code == 409
    assert "You will pay at most" not in page
    assert "Book now" not in page
    assert f"{reverse('join_waitlist', args=[event.pk])}?quantity=1" in page
