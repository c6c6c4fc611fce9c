"""Events as pages show them: time zones and the price chart."""

import pytest

from evently.database.clock import now
from evently.tests.sql import run
from events.factories import EventFactory
from events.presenters import EventPresenter
from events.price_chart import price_chart
from events.queries import price_changes

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        ("America/Mexico_City", "Mexico City time"),
        ("America/Argentina/Buenos_Aires", "Buenos Aires time"),
        ("Europe/Berlin", "Berlin time"),
        ("Etc/GMT+1", "Etc/GMT+1"),
        ("UTC", "UTC"),
    ],
)
def test_zone_name_is_written_in_words(zone, name):
    assert EventPresenter(EventFactory(timezone=zone), at=now()).zone_name == name


def test_price_chart_labels_highest_and_lowest_price():
    event = EventFactory(priced=20)
    for price in (26, 18):
        run("UPDATE events SET current_price = %s WHERE id = %s", price, event.pk)
    event.refresh_from_db()

    chart = price_chart(event, price_changes(event_id=event.pk, most=9), at=now())

    assert chart is not None
    assert [(mark.text, mark.at) for mark in chart.drawing.marks] == [
        ("€26.00", "16.67"),
        ("€18.00", "83.33"),
    ]
