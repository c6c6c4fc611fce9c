"""Factories of events: by default on sale, free of charge and a month away."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import factory

from evently.accounts.factories import UserFactory
from events.models import Event, PaymentMode

CENT = Decimal("0.01")


def _from_now(**length: float) -> Any:
    return factory.LazyFunction(lambda: datetime.now(UTC) + timedelta(**length))


class EventFactory(factory.django.DjangoModelFactory[Event]):
    """A published event on sale. `priced=20`: paid at the door, with that price."""

    class Meta:
        model = Event

    class Params:
        priced = None

    name = factory.Sequence(lambda n: f"Evening {n}")
    venue = "Old Mill, Ghent"
    event_date = _from_now(days=30)
    published_at = _from_now(minutes=-1)
    created_at = _from_now(minutes=-2)
    total_capacity = 10
    payment_mode = factory.LazyAttribute(
        lambda event: PaymentMode.DOOR if event.priced else PaymentMode.FREE
    )
    base_price = factory.LazyAttribute(lambda event: Decimal(event.priced or 0).quantize(CENT))
    current_price = factory.SelfAttribute("base_price")
    created_by = factory.SubFactory(UserFactory)
