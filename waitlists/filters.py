"""Filters of the API's lists of waitlist entries and offers."""

import django_filters

from evently.api.filters import since_filter
from waitlists.models import EntryStatus, Promotion, PromotionStatus, WaitlistEntry


class EntryFilter(django_filters.FilterSet):
    event = django_filters.UUIDFilter(field_name="event_id", label="The id of an event.")
    status = django_filters.ChoiceFilter(choices=EntryStatus.choices)

    class Meta:
        model = WaitlistEntry
        fields: list[str] = []


class PromotionFilter(django_filters.FilterSet):
    event = django_filters.UUIDFilter(field_name="event_id", label="The id of an event.")
    status = django_filters.ChoiceFilter(choices=PromotionStatus.choices)

    class Meta:
        model = Promotion
        fields: list[str] = []


class EventEntryFilter(django_filters.FilterSet):
    """The query parameters of the waitlist of an event."""

    status = django_filters.ChoiceFilter(choices=EntryStatus.choices)
    joined_since = since_filter("joined_at", "Entries made at or after this time.")

    class Meta:
        model = WaitlistEntry
        fields: list[str] = []
