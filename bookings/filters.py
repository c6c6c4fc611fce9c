"""How a person's bookings are narrowed down."""

import django_filters

from bookings.models import Booking, BookingStatus


class BookingFilter(django_filters.FilterSet):
    """The parameters of a list of bookings."""

    event = django_filters.UUIDFilter(field_name="event_id", label="The id of an event.")
    status = django_filters.ChoiceFilter(choices=BookingStatus.choices)

    class Meta:
        model = Booking
        fields: list[str] = []
