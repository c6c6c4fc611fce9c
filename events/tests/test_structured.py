"""Structured data of events, for each state of `events.sale` that a visitor can see."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings

from evently.database.clock import now
from evently.tests.sql import run
from events.factories import EventFactory
from events.models import Event
from events.operations import save_price_rule
from events.presenters import EventPresenter
from events.sale import SaleState, WaitlistSummary, sale_of
from events.structured import AVAILABILITY, json_ld, structured_data

pytestmark = pytest.mark.django_db


def data_of(event, *, at=None, waiting=None):
    event = Event.objects.select_related("created_by").get(pk=event.pk)
    at = at or now()
    sale = sale_of(event, at=at, waitlist=waiting or WaitlistSummary())
    return sale.state, structured_data(EventPresenter(event, at=at), sale=sale)


def short(data):
    return data["eventStatus"].rpartition("/")[2], data["offers"]["availability"].rpartition("/")[2]


def test_every_state_has_an_availability():
    assert AVAILABILITY.keys() == set(SaleState)


def test_event_on_sale_has_all_that_search_engines_ask_for():
    event = EventFactory(
        priced=20,
        timezone="America/New_York",
        description="Jazz.",
        name="Roof & <Roll>",
        total_capacity=50,
    )
    run("UPDATE events SET ends_at = event_date + interval '3 hours' WHERE id = %s", event.pk)
    event.refresh_from_db()
    state, data = data_of(event)

    assert state == SaleState.ON_SALE
    assert short(data) == ("EventScheduled", "InStock")
    assert data["startDate"] == event.starts_locally.isoformat()
    assert data["startDate"][-6:] in ("-04:00", "-05:00")
    assert data["endDate"] == event.ends_locally.isoformat()
    assert data["eventAttendanceMode"] == "https://schema.org/OfflineEventAttendanceMode"
    assert data["location"] == {
        "@type": "Place",
        "name": "Old Mill, Ghent",
        "address": "Old Mill, Ghent",
    }
    assert data["organizer"] == {"@type": "Organization", "name": event.created_by.name}
    assert data["image"][0].startswith(f"{settings.PUBLIC_URL}/covers/")
    assert data["url"] == f"{settings.PUBLIC_URL}/events/{event.pk}/"
    offer = data["offers"]
    assert (offer["price"], offer["priceCurrency"]) == ("20.00", "EUR")
    assert offer["validFrom"] == event.published_at.astimezone(event.zone).isoformat()
    assert offer["validThrough"] == data["startDate"]
    text = json_ld(EventPresenter(event, at=now()), sale=sale_of(event, at=now()))
    assert "<" not in text
    assert json.loads(text)["name"] == "Roof & <Roll>"


def test_offer_whose_price_moves_says_how_far():
    event = EventFactory(priced=20)
    settings = {"floor": Decimal(15), "ceiling": Decimal("30.5"), "max_step": Decimal(5)}
    save_price_rule(event_id=event.pk, version=None, enabled=True, step_kind="amount", **settings)
    offer = data_of(event)[1]["offers"]
    assert (offer["price"], offer["priceCurrency"]) == ("20.00", "EUR")
    assert offer["priceSpecification"] == {
        "@type": "PriceSpecification",
        "price": "20.00",
        "minPrice": 15.0,
        "maxPrice": 30.5,
        "priceCurrency": "EUR",
    }
    past = data_of(event, at=event.event_date)[1]["offers"]
    assert "priceSpecification" not in past
    assert "priceSpecification" not in data_of(EventFactory(priced=20))[1]["offers"]


@pytest.mark.parametrize(
    ("change", "state", "status", "availability"),
    [
        (
            "sales_start_at = event_date - interval '1 day'",
            SaleState.BEFORE_SALES,
            "EventScheduled",
            "PreOrder",
        ),
        ("total_capacity = 5", SaleState.FEW_LEFT, "EventScheduled", "InStock"),
        (
            "sales_start_at = created_at, sales_end_at = now() - interval '1 second'",
            SaleState.SALES_ENDED,
            "EventScheduled",
            "OutOfStock",
        ),
        ("status = 'cancelled'", SaleState.CANCELLED, "EventCancelled", "OutOfStock"),
        ("status = 'completed'", SaleState.OVER, "EventScheduled", "OutOfStock"),
    ],
)
def test_state_that_is_stored(change, state, status, availability):
    event = EventFactory(total_capacity=20)
    run(f"UPDATE events SET {change} WHERE id = %s", event.pk)

    found, data = data_of(event)

    assert (found, *short(data)) == (state, status, availability)
    if state is SaleState.BEFORE_SALES:
        event.refresh_from_db()
        assert data["offers"]["validFrom"] == event.sales_start_at.isoformat()


def test_sold_out_event_and_seats_kept_for_the_waitlist():
    event = EventFactory(total_capacity=3)
    one_waits = WaitlistSummary(waiting=1, lowest_min_quantity=1)
    found, data = data_of(event, waiting=one_waits)
    assert (found, *short(data)) == (SaleState.WAITLIST_FIRST, "EventScheduled", "SoldOut")

    run(
        "INSERT INTO bookings (event_id, user_id, quantity, total_amount) VALUES (%s, %s, 3, 0)",
        event.pk,
        event.created_by_id,
    )
    found, data = data_of(event)
    assert (found, *short(data)) == (SaleState.SOLD_OUT, "EventScheduled", "SoldOut")


def test_event_that_is_on_now_and_one_that_is_over():
    event = EventFactory()
    run("UPDATE events SET ends_at = event_date + interval '3 hours' WHERE id = %s", event.pk)

    for hours, state in ((1, SaleState.RUNNING), (4, SaleState.OVER)):
        found, data = data_of(event, at=event.event_date + timedelta(hours=hours))
        assert (found, *short(data)) == (state, "EventScheduled", "OutOfStock")


@pytest.mark.parametrize(
    ("columns", "url"),
    [
        ({"venue": "Online"}, "{event}"),
        ({"venue": "Zoom"}, "{event}"),
        ({"venue": "https://meet.example/abc"}, "https://meet.example/abc"),
        ({"venue": "Webinar: https://meet.example/abc"}, "https://meet.example/abc"),
        ({"venue": "Our channel", "is_online": True}, "{event}"),
    ],
)
def test_online_event_has_a_virtual_location(columns, url):
    event = EventFactory(**columns)
    _, data = data_of(event)

    assert data["eventAttendanceMode"] == "https://schema.org/OnlineEventAttendanceMode"
    page = f"{settings.PUBLIC_URL}/events/{event.pk}/"
    assert data["location"] == {"@type": "VirtualLocation", "url": url.format(event=page)}


@pytest.mark.parametrize("venue", ["Zoom, Turin", "Online Café, Berlin", "Virtual Reality Hall"])
def test_place_with_such_a_name_is_a_place(venue):
    _, data = data_of(EventFactory(venue=venue))

    assert data["location"]["@type"] == "Place"
