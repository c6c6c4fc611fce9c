"""Waitlist entries for tests. The event must have fewer free seats than the entry needs."""

import factory

from evently.accounts.factories import UserFactory
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
