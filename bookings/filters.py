"""Filters of the list of bookings in the API."""

import django_filters
from django.db.models import QuerySet

from bookings import queries
from bookings.models import Booking, BookingStatus
from evently.api.filters import since_filter


class BookingFilter(django_filters.FilterSet):
    event = django_filters.UUIDFilter(field_name="event_id", label="An event’s id.")
    status = django_filters.ChoiceFilter(choices=BookingStatus.choices)

    class Meta:
        model = Booking
        fields: list[str] = []


class EventBookingFilter(django_filters.FilterSet):
    """The query parameters of the list of an event's bookings."""

    status = django_filters.ChoiceFilter(choices=BookingStatus.choices)
    created_since = since_filter("created_at", "Bookings made at or after this time.")
    updated_since = since_filter(
        "updated_at", "Bookings made, paid or cancelled at or after this time."
    )
    search = django_filters.CharFilter(
        method="matching",
        max_length=200,
        label="Part of the reference, or words of the attendee's name or email address.",
    )

    class Meta:
        model = Booking
        fields: list[str] = []

    def matching(self, bookings: QuerySet[Booking], name: str, text: str) -> QuerySet[Booking]:
        return queries.matching(bookings, text)
