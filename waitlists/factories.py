"""Waitlist entries for tests; the event must be full enough for a line."""

import factory

from evently.accounts.factories import UserFactory
from events.factories import EventFactory
from waitlists.models import WaitlistEntry


class WaitlistEntryFactory(factory.django.DjangoModelFactory[WaitlistEntry]):
    """Somebody waiting for one seat."""

    class Meta:
        model = WaitlistEntry

    event = factory.SubFactory(EventFactory)
    user = factory.SubFactory(UserFactory)
    quantity = 1
    min_quantity = factory.SelfAttribute("quantity")
    unit_price = factory.SelfAttribute("event.current_price")
