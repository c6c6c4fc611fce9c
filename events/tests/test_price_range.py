"""Events in a range of prices are the same, whether they are few or many of all."""

from decimal import Decimal

import pytest
from django.test import Client

from evently.database.identity import VISITOR, acting_as
from events import price_range
from events.factories import EventFactory
from events.models import Event
from events.queries import find_events

pytestmark = pytest.mark.django_db

RANGES = [
    (None, None, [0, 5, 20, 30]),
    (None, "0", [0]),
    (None, "5", [0, 5]),
    ("5", "20", [5, 20]),
    ("20", None, [20, 30]),
    ("5.01", "19.99", []),
    ("31", None, []),
]


@pytest.fixture
def priced_events():
    for price in (0, 5, 20, 30):
        EventFactory(**({"priced": price} if price else {}))
    EventFactory(priced=20, published_at=None)


@pytest.mark.parametrize("few", [1, 500])
@pytest.mark.parametrize(("lowest", "highest", "prices"), RANGES)
def test_range_of_prices(priced_events, monkeypatch, few, lowest, highest, prices):
    monkeypatch.setattr(price_range, "FEW", few)
    limits = {
        "min_price": None if lowest is None else Decimal(lowest),
        "max_price": None if highest is None else Decimal(highest),
    }
    query = {name: str(limit) for name, limit in limits.items() if limit is not None}

    with acting_as(VISITOR):
        found = sorted(event.current_price for event in find_events(**limits))
        listed = Client().get("/api/v1/events/", query).json()["results"]

    assert found == prices
    assert sorted(Decimal(event["current_price"]) for event in listed) == prices


def test_dates_also_find_events_in_a_range_that_are_cancelled(priced_events):
    event = Event.objects.filter(current_price=20, published_at__isnull=False).get()
    Event.objects.filter(pk=event.pk).update(status="cancelled")

    answer = Client().get("/api/v1/events/", {"min_price": "20", "date_from": "2020-01-01"}).json()

    assert str(event.pk) in {one["id"] for one in answer["results"]}
