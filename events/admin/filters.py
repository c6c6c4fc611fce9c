"""Filters of the list of events."""

from typing import Any
from uuid import UUID

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.utils import parse_date_str

from evently.accounts.models import User
from evently.admin.switches import Switch
from evently.database.clock import now
from events.local_days import on_days
from events.models import Event, EventStatus, over_by

# A longer list would be slow to choose from; there, search for the event.
ORGANIZERS_LISTED = 200


class ShownFilter(Switch):
    title = "events"
    options = (
        ("upcoming", "Upcoming"),
        ("drafts", "Drafts"),
        ("past", "Past"),
        ("cancelled", "Cancelled"),
        ("all", "All"),
    )

    def conditions(self) -> dict[str, Q]:
        cancelled = Q(status=EventStatus.CANCELLED)
        published = Q(published_at__isnull=False)
        at = now()
        return {
            # In the words of the index that has them in order.
            "upcoming": published & Q(status=EventStatus.ACTIVE) & ~over_by(at),
            "drafts": Q(published_at__isnull=True) & ~cancelled,
            "past": published & ~cancelled & over_by(at),
            "cancelled": cancelled,
        }


class OrganizerFilter(SimpleListFilter):
    """The organizer who created an event; for superusers."""

    title = "organizer"
    parameter_name = "organizer"

    def lookups(
        self, request: HttpRequest, model_admin: "ModelAdmin[Any]"
    ) -> list[tuple[str, str]]:
        if not request.user.is_superuser:
            return []
        creators = Event.objects.order_by().values("created_by_id").distinct()
        people = User.objects.with_keys().filter(pk__in=creators)[:ORGANIZERS_LISTED]
        named = ((str(user.pk), user.display_name) for user in people)
        return sorted(named, key=lambda pair: pair[1].casefold())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        chosen = self.value()
        listed = {key for key, _ in self.lookup_choices}
        return queryset.filter(created_by_id=UUID(chosen)) if chosen in listed else queryset


class LocalDaysFilter(RangeDateFilter):
    """The days on which events take place, by the calendar of each event."""

    title = "days"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event] | None:
        given = (self.used_parameters.get(f"{self.parameter_name}_{end}") for end in ("from", "to"))
        first, last = (parse_date_str(value) if value else None for value in given)
        if first and last and last < first:
            return queryset.none()
        return on_days(queryset, (first, last))
