"""Filters of the lists of emails."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from evently.admin.switches import Switch
from events.admin.rows import event_of_list
from events.models import Event
from notifications.kinds import KIND_CHOICES, kinds_for_organizers
from notifications.models import EmailDelivery
from notifications.operations import resending
from notifications.operations.resending import FAILED

LABELS = dict(KIND_CHOICES)


def failed_emails_of(event: Event) -> QuerySet[EmailDelivery]:
    return EmailDelivery.objects.filter(
        event_id=event.pk, status__in=FAILED, kind__in=kinds_for_organizers()
    )


class StateSwitch(Switch):
    """Failed emails first, where the event has any."""

    title = "emails"
    options = (("failed", "Failed"), ("waiting", "Not sent yet"), ("all", "All"))

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        super().__init__(request, *args)
        event = event_of_list(request)
        self.has_failed = event is not None and failed_emails_of(event).exists()

    @property
    def shown(self) -> str:
        chosen = self.value() in dict(self.options)
        return super().shown if chosen or self.has_failed else "all"

    def conditions(self) -> dict[str, Q]:
        return {
            "failed": Q(status__in=FAILED),
            "waiting": Q(status__in=resending.WAITING),
        }


class KindFilter(admin.SimpleListFilter):
    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        if request.user.is_superuser and event_of_list(request) is None:
            return KIND_CHOICES
        return [(name, LABELS[name]) for name in kinds_for_organizers()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[EmailDelivery]
    ) -> QuerySet[EmailDelivery]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class EventFilter(admin.SimpleListFilter):
    """The event that a link of the list names; the list of all events would be too long."""

    title = "event"
    parameter_name = "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        chosen = self.chosen()
        events = Event.objects.managed_by(request.user).filter(pk=chosen) if chosen else []
        return [(str(event.pk), event.name) for event in events]

    def chosen(self) -> UUID | None:
        try:
            return UUID(self.value() or "")
        except ValueError:
            return None

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[EmailDelivery]
    ) -> QuerySet[EmailDelivery]:
        chosen = self.chosen()
        return queryset.filter(event_id=chosen) if chosen else queryset
