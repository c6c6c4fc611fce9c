"""Bookings for tests, inserted without the operations; triggers still take the seats."""

import factory

from bookings.models import Booking
from evently.accounts.factories import UserFactory
from events.factories import EventFactory


class BookingFactory(factory.django.DjangoModelFactory[Booking]):
    """A confirmed booking of one seat at the event's price."""

    class Meta:
        model = Booking

    event = factory.SubFactory(EventFactory)
    user = factory.SubFactory(UserFactory)
    quantity = 1
    unit_price = factory.SelfAttribute("event.current_price")
    total_amount = factory.LazyAttribute(lambda booking: booking.unit_price * booking.quantity)
