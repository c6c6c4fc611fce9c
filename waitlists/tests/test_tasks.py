"""Periodic tasks continue with the next event if one is busy or fails."""

import uuid

import pytest
from django.db import transaction

from evently.accounts.factories import UserFactory
from evently.metrics import sweep_failures
from evently.sweeps import SweepIncomplete, for_each_event
from evently.tests.database import as_owner
from events.factories import EventFactory
from waitlists import tasks
from waitlists.models import Promotion
from waitlists.tests.helpers import offer_to


def failure_count(sweep, reason):
    return sweep_failures.labels(sweep, reason)._value.get()


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_busy_event_does_not_delay_the_others(clock, told):
    offers = [offer_to(UserFactory()) for _ in range(3)]
    busy = min(offer.event_id for offer in offers)
    clock.move(max(offer.expires_at - offer.promoted_at for offer in offers))
    before = failure_count("expire_promotions", "event_busy")

    with as_owner() as database:
        database.execute("SELECT FROM events WHERE id = %s FOR UPDATE", [busy])
        tasks.expire_promotions()

    pending = Promotion.objects.filter(status="pending")
    assert [offer.event_id for offer in pending] == [busy]
    assert failure_count("expire_promotions", "event_busy") == before + 1
    tasks.expire_promotions()
    assert not pending.all().exists()


@pytest.mark.django_db
def test_failing_event_does_not_delay_the_others_and_is_reported():
    event, ids = EventFactory(), [uuid.uuid4(), uuid.uuid4(), uuid.uuid4()]
    done = []

    def work(*, event_id):
        if event_id == ids[1]:
            with transaction.atomic():
                type(event).objects.filter(pk=event.pk).update(total_capacity=0)
        done.append(event_id)

    with pytest.raises(SweepIncomplete, match="trial: 1 failed"):
        for_each_event("trial", ids, work)
    assert done == [ids[0], ids[2]]
    assert failure_count("trial", "error") == 1
