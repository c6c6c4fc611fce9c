"""How a person's entries and offers are narrowed down."""

import django_filters

from waitlists.models import EntryStatus, Promotion, PromotionStatus, WaitlistEntry


class EntryFilter(django_filters.FilterSet):
    """The parameters of a list of entries."""

    event = django_filters.UUIDFilter(field_name="event_id", label="The id of an event.")
    status = django_filters.ChoiceFilter(choices=EntryStatus.choices)

    class Meta:
        model = WaitlistEntry
        fields: list[str] = []


class PromotionFilter(django_filters.FilterSet):
    """The parameters of a list of offers."""

    event = django_filters.UUIDFilter(field_name="event_id", label="The id of an event.")
    status = django_filters.ChoiceFilter(choices=PromotionStatus.choices)

    class Meta:
        model = Promotion
        fields: list[str] = []
