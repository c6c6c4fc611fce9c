"""Filters of the list of bookings in the API."""

import django_filters

from bookings.models import Booking, BookingStatus


class BookingFilter(django_filters.FilterSet):
    event = django_filters.UUIDFilter(field_name="event_id", label="An event’s id.")
    status = django_filters.ChoiceFilter(choices=BookingStatus.choices)

    class Meta:
        model = Booking
        fields: list[str] = []
