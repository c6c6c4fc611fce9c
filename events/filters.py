"""How lists of events are narrowed down and ordered."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_date, parse_datetime
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from events.models import Event
from events.queries import LONGEST_SEARCH, matching

ORDERINGS = {
    "date": ("event_date", "id"),
    "-date": ("-event_date", "-id"),
    "price": ("current_price", "id"),
    "-price": ("-current_price", "-id"),
    "name": ("name", "id"),
    "-name": ("-name", "-id"),
}
TRUTH = (("true", "true"), ("false", "false"))


class MomentOrDayField(forms.Field):
    """A moment with its offset, or a day, which counts in UTC."""

    def __init__(self, *, end_of_day: bool = False, **kwargs: Any) -> None:
        """Say whether a day stands for its end."""
        self.end_of_day = end_of_day
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> datetime | None:
        """Return the moment."""
        if value in self.empty_values:
            return None
        try:
            day = parse_date(value)
            if day is not None:
                moment = datetime.combine(day, time.min, tzinfo=UTC)
                return moment + timedelta(days=1, microseconds=-1) if self.end_of_day else moment
            # A plus sign in an address that was not encoded arrives as a space.
            given = parse_datetime(value.replace(" ", "+") if "T" in value else value)
            if given is not None and given.tzinfo:
                return given.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise forms.ValidationError(
            "Give a day like 2027-05-01, or a time with its offset, like …T18:00:00Z."
        )


class MomentOrDayFilter(django_filters.Filter):
    """Filters by a moment or a day."""

    field_class = MomentOrDayField


class EventFilter(django_filters.FilterSet):
    """The parameters of a list of events. Without dates, it shows what lies ahead."""

    search = django_filters.CharFilter(
        method="by_words", max_length=LONGEST_SEARCH, label="Words in name, description or venue."
    )
    date_from = extend_schema_field(OpenApiTypes.STR)(
        MomentOrDayFilter(
            field_name="event_date", lookup_expr="gte", label="A day, or a time with its offset."
        )
    )
    date_to = extend_schema_field(OpenApiTypes.STR)(
        MomentOrDayFilter(
            field_name="event_date",
            lookup_expr="lte",
            end_of_day=True,
            label="A day, itself included, or a time with its offset.",
        )
    )
    min_price = django_filters.NumberFilter(
        field_name="current_price", lookup_expr="gte", min_value=0, max_digits=10, decimal_places=2
    )
    max_price = django_filters.NumberFilter(
        field_name="current_price", lookup_expr="lte", min_value=0, max_digits=10, decimal_places=2
    )
    available = django_filters.ChoiceFilter(
        method="by_seats", choices=TRUTH, label="true: on sale with seats left; false: without."
    )
    venue = django_filters.CharFilter(
        field_name="venue", lookup_expr="icontains", max_length=255, label="Part of the venue."
    )
    ordering = django_filters.ChoiceFilter(
        method="in_order",
        choices=[(name, name) for name in ORDERINGS],
        label="By default date.",
    )

    class Meta:
        model = Event
        fields: list[str] = []

    def by_words(self, events: QuerySet[Event], name: str, text: str) -> QuerySet[Event]:
        """Keep what matches the words."""
        return matching(events, text)

    def by_seats(self, events: QuerySet[Event], name: str, wanted: str) -> QuerySet[Event]:
        """Keep what has seats on sale, or what has not."""
        if wanted == "true":
            return events.on_sale().filter(available_seats__gt=0)  # type: ignore[attr-defined]
        return events.filter(Q(available_seats=0) | Q(status="cancelled"))

    def in_order(self, events: QuerySet[Event], name: str, wanted: str) -> QuerySet[Event]:
        """Put the list in order; ids last, so that each place is one place."""
        return events.order_by(*ORDERINGS[wanted])
