"""Waitlist entries for tests. The event must have fewer free seats than the entry needs."""

from typing import Any

import factory
from django.db import connection, transaction
from django.utils import timezone

from evently.accounts.factories import UserFactory
from evently.audit.context import stamp
from events.factories import EventFactory
from waitlists.models import WaitlistEntry


class WaitlistEntryFactory(factory.django.DjangoModelFactory[WaitlistEntry]):
    class Meta:
        model = WaitlistEntry

    event = factory.SubFactory(EventFactory)
    user = factory.SubFactory(UserFactory)
    quantity = 1
    min_quantity = factory.SelfAttribute("quantity")
    unit_price = factory.SelfAttribute("event.current_price")
    confirmed_at = factory.LazyFunction(timezone.now)

    @classmethod
    def _create(cls, model_class: type[WaitlistEntry], *args: Any, **kwargs: Any) -> WaitlistEntry:
        # Only the application confirms places.
        with transaction.atomic():
            stamp(connection)
            entry: WaitlistEntry = super()._create(model_class, *args, **kwargs)
        return entry
