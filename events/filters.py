"""Filters and orderings of the list of events in the API."""

from datetime import UTC, date, datetime
from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_date, parse_datetime
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from evently.database.money import DIGIT_MESSAGES
from events.local_days import on_days
from events.models import Event, EventStatus
from events.price_range import priced, public_priced
from events.search.finding import in_venue, search_for
from events.search.phrases import LONGEST_SEARCH
from events.states import STATE_CONDITIONS, EventState

# Each ends in the id, as pages by cursor need a total order.
ORDERINGS = {
    "date": ("event_date", "id"),
    "-date": ("-event_date", "-id"),
    "price": ("current_price", "id"),
    "-price": ("-current_price", "-id"),
    "name": ("name", "id"),
    "-name": ("-name", "-id"),
}
BOOLEAN_CHOICES = (("true", "true"), ("false", "false"))


class TimeOrDayField(forms.Field):
    """A time with an offset, or a day, which is one of each event's own calendar."""

    def to_python(self, value: Any) -> datetime | date | None:
        if value in self.empty_values:
            return None
        try:
            day = parse_date(value)
            if day is not None:
                return day
            # A plus sign that was not percent-encoded in the URL arrives as a space.
            given = parse_datetime(value.replace(" ", "+") if "T" in value else value)
            if given is not None and given.tzinfo:
                return given.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise forms.ValidationError(
            "Enter a day such as 2027-05-01, or a time with an offset such as 2027-05-01T18:00:00Z."
        )


class TimeOrDayFilter(django_filters.Filter):
    field_class = TimeOrDayField


MANAGED_ORDERINGS = {
    **ORDERINGS,
    "created": ("created_at", "id"),
    "-created": ("-created_at", "-id"),
}


class EventFilter(django_filters.FilterSet):
    """The query parameters of the list of events."""

    search = django_filters.CharFilter(
        method="leave",
        max_length=LONGEST_SEARCH,
        label=(
            "Words in the name, venue or description, as on the home page: the last word may be "
            "unfinished, accents do not matter, and typing errors are forgiven where nothing else "
            'is found. "Quoted words" stand together, -word is excluded, `or` allows either side.'
        ),
    )
    date_from = extend_schema_field(OpenApiTypes.STR)(
        TimeOrDayFilter(
            method="not_over_before",
            label="Events that take place on or after this day, by the local date of each event; "
            "or that end after this time with an offset. An event of several days matches on "
            "each of them.",
        )
    )
    date_to = extend_schema_field(OpenApiTypes.STR)(
        TimeOrDayFilter(
            method="started_until",
            label="Events that take place on or before this day, by the local date of each event; "
            "or that start until this time with an offset.",
        )
    )
    min_price = django_filters.NumberFilter(
        method="leave", min_value=0, max_digits=12, decimal_places=4, error_messages=DIGIT_MESSAGES
    )
    max_price = django_filters.NumberFilter(
        method="leave", min_value=0, max_digits=12, decimal_places=4, error_messages=DIGIT_MESSAGES
    )
    available = django_filters.ChoiceFilter(
        method="by_seats",
        choices=BOOLEAN_CHOICES,
        label="true: on sale with seats left; false: sold out or cancelled.",
    )
    venue = django_filters.CharFilter(
        method="by_venue",
        max_length=255,
        label="Part of the venue's name, with or without accents.",
    )
    ordering = django_filters.ChoiceFilter(
        method="in_order",
        choices=[(name, name) for name in ORDERINGS],
        label="Default: by relevance with `search`, otherwise date.",
    )

    class Meta:
        model = Event
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet[Event]) -> Any:
        """Search last, among what the other filters leave: a list by relevance has no queryset."""
        events = self.priced(super().filter_queryset(queryset))
        text = self.form.cleaned_data["search"]
        if not text:
            return events
        search = search_for(text, events)
        return search.found_by_page() if self.form.cleaned_data["ordering"] else search.ranked()

    def leave(self, events: QuerySet[Event], name: str, given: Any) -> QuerySet[Event]:
        return events

    def priced(self, events: QuerySet[Event]) -> QuerySet[Event]:
        """Filter by price. Only without dates are all these events active ones."""
        given = self.form.cleaned_data
        is_active = not (given["date_from"] or given["date_to"])
        keep = public_priced if is_active else priced
        return keep(events, given["min_price"], given["max_price"])

    def by_venue(self, events: QuerySet[Event], name: str, text: str) -> QuerySet[Event]:
        return in_venue(events, text)

    def not_over_before(
        self, events: QuerySet[Event], name: str, limit: datetime | date
    ) -> QuerySet[Event]:
        if isinstance(limit, datetime):
            return events.filter(
                Q(ends_at__gte=limit) | Q(ends_at__isnull=True, event_date__gte=limit)
            )
        return on_days(events, (limit, None))

    def started_until(
        self, events: QuerySet[Event], name: str, limit: datetime | date
    ) -> QuerySet[Event]:
        if isinstance(limit, datetime):
            return events.filter(event_date__lte=limit)
        return on_days(events, (None, limit))

    def by_seats(self, events: QuerySet[Event], name: str, wanted: str) -> QuerySet[Event]:
        if wanted == "true":
            return events.on_sale().filter(available_seats__gt=0)  # type: ignore[attr-defined]
        return events.filter(Q(available_seats=0) | Q(status=EventStatus.CANCELLED))

    def in_order(self, events: QuerySet[Event], name: str, wanted: str) -> QuerySet[Event]:
        return events.order_by(*ORDERINGS[wanted])


class ManagedEventFilter(EventFilter):
    """The query parameters of the list of an organizer's own events."""

    DEFAULT_ORDER = MANAGED_ORDERINGS["-created"]

    state = django_filters.ChoiceFilter(
        method="in_state",
        choices=EventState.choices,
        label="`draft`: not published yet. Drafts and published events have the `status` `active`.",
    )
    ordering = django_filters.ChoiceFilter(
        method="in_order",
        choices=[(name, name) for name in MANAGED_ORDERINGS],
        label="Default: by relevance with `search`, otherwise the newest first.",
    )

    def priced(self, events: QuerySet[Event]) -> QuerySet[Event]:
        """Filter by price; drafts too."""
        given = self.form.cleaned_data
        return priced(events, given["min_price"], given["max_price"])

    def in_state(self, events: QuerySet[Event], name: str, wanted: str) -> QuerySet[Event]:
        return events.filter(**STATE_CONDITIONS[EventState(wanted)])

    def in_order(self, events: QuerySet[Event], name: str, wanted: str) -> QuerySet[Event]:
        return events.order_by(*MANAGED_ORDERINGS[wanted])
