"""Gauges of overdue offers, and the check of the seat ledger."""

from datetime import timedelta

import pytest

from evently import gauges as platform_gauges
from evently import heartbeats
from evently.accounts.factories import UserFactory
from evently.redis_client import redis_client
from evently.tests.database import as_owner
from evently.tests.rows import book, event
from waitlists import gauges, ledger, tasks
from waitlists.tests.helpers import offer_to


def values(metrics):
    return {sample.name: sample.value for metric in metrics for sample in metric.samples}


@pytest.mark.django_db
def test_offers_past_their_time(clock):
    offer = offer_to(UserFactory())
    assert values(gauges.overdue_offers()) == {
        "evently_offers_overdue": 0,
        "evently_offers_overdue_age_seconds": 0,
    }
    clock.move(offer.expires_at - offer.promoted_at + timedelta(hours=1))

    found = values(gauges.overdue_offers())

    assert found["evently_offers_overdue"] == 1
    assert 3_500 <= found["evently_offers_overdue_age_seconds"] < 7_200


@pytest.fixture
def broker():
    with redis_client(timeout_seconds=5) as client:
        client.delete(heartbeats.LEDGER)
        yield client
        client.delete(heartbeats.LEDGER)


@pytest.mark.django_db(transaction=True)
def test_ledger_check_finds_the_event_whose_seats_do_not_add_up(broker):
    offer_to(UserFactory())
    good, wrong = event(), event()
    book(good, 2)
    assert ledger.events_out_of_balance() == []
    with as_owner() as database:
        database.execute("ALTER TABLE events DISABLE TRIGGER USER")
        database.execute("UPDATE events SET available_seats = 9 WHERE id = %s", [wrong])
        database.execute("ALTER TABLE events ENABLE TRIGGER USER")

    tasks.check_ledger()

    assert ledger.events_out_of_balance() == [wrong]
    found = values(platform_gauges.read_background())
    assert found["evently_ledger_mismatches"] == 1
    assert 0 <= found["evently_ledger_check_age_seconds"] < 600
