"""Filters of the lists of emails, as links and selects that need no script."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, F, Q, QuerySet
from django.http import HttpRequest

from evently.admin.lists import AFTER
from evently.admin.switches import Switch
from evently.database.functions import Among, Ids
from evently.email_providers import name_in_words
from events.admin.rows import event_of_list
from events.models import Event
from notifications.kinds import KIND_CHOICES, kinds_for_organizers
from notifications.models import DeliveryStatus, EmailDelivery
from notifications.operations import resending
from notifications.operations.resending import FAILED
from notifications.providers.registry import providers
from notifications.return_models import EmailReturn, ReturnOutcome

LABELS = dict(KIND_CHOICES)
# Of how many emails it is counted how many were sent: of any, as the newest of several events are
# only known once all are read. Failed and waiting ones, which have indexes of their own, are all
# counted.
MOST_COUNTED = 10_000


def failed_emails_of(event: Event) -> QuerySet[EmailDelivery]:
    return EmailDelivery.objects.filter(
        event_id=event.pk, status__in=FAILED, kind__in=kinds_for_organizers()
    )


class StateSwitch(Switch):
    """Failed emails first, where the event has any."""

    title = "emails"
    options = (
        ("failed", "Failed"),
        ("bounced", "Bounced"),
        ("waiting", "Not sent yet"),
        ("sent", "Sent"),
        ("delivered", "Delivered"),
        ("all", "All"),
    )

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        super().__init__(request, *args)
        event = event_of_list(request)
        self.has_failed = event is not None and failed_emails_of(event).exists()
        # Set by the list: how many emails each option shows.
        self.counts: dict[str, str] = {}

    @property
    def shown(self) -> str:
        chosen = self.value() in dict(self.options)
        return super().shown if chosen or self.has_failed else "all"

    def conditions(self) -> dict[str, Q]:
        return {
            "failed": Q(status__in=FAILED),
            "bounced": Q(status=DeliveryStatus.BOUNCED),
            "waiting": Q(status__in=resending.WAITING),
            "sent": Q(status=DeliveryStatus.SENT),
            "delivered": Q(status=DeliveryStatus.DELIVERED),
        }

    def choices(self, changelist: Any) -> Any:
        """Return the links, each with how many emails it shows."""
        for key, link in zip(dict(self.options), super().choices(changelist), strict=True):
            count = self.counts.get(key, "")
            yield {**link, "display": f"{link['display']} {count}".rstrip()}


def counts_of(rows: QuerySet[Any]) -> dict[str, str]:
    """Return how many of some emails are in each state; rows: whatever their state is.

    "10,000+" where there are more than are counted.
    """
    by_status = dict.fromkeys(DeliveryStatus.values, 0)
    by_status |= _by_status(rows.order_by().values("status")[:MOST_COUNTED])
    total = sum(by_status.values())
    more = "+" if total == MOST_COUNTED else ""
    if more:
        # One by one, as each has an index of its own.
        for statuses in (FAILED, resending.WAITING):
            unfinished = rows.filter(status__in=statuses).order_by()
            by_status |= dict(unfinished.values_list("status").annotate(number=Count("*")))
    failed = sum(by_status[status] for status in FAILED)
    waiting = sum(by_status[status] for status in resending.WAITING)
    return {
        "failed": f"{failed:,}",
        "bounced": f"{by_status[DeliveryStatus.BOUNCED]:,}",
        "waiting": f"{waiting:,}",
        "sent": f"{by_status[DeliveryStatus.SENT]:,}{more}",
        "delivered": f"{by_status[DeliveryStatus.DELIVERED]:,}{more}",
        "all": f"{total:,}{more}",
    }


def _by_status(rows: Any) -> dict[str, int]:
    """Return how many of some rows have each status; rows: of that column, and limited."""
    try:
        sql, parameters = rows.query.sql_with_params()
    except EmptyResultSet:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT status, count(*) FROM ({sql}) AS counted GROUP BY status",  # noqa: S608
            parameters,
        )
        return dict(cursor.fetchall())


class SelectFilter(admin.SimpleListFilter):
    """A filter that admin/notifications/emails_above.html draws as a select."""

    template = "admin/empty.html"

    def options(self) -> list[tuple[str, str, bool]]:
        """Return value, label and whether it is chosen, of each option."""
        return [
            (str(value), str(label), self.value() == str(value))
            for value, label in self.lookup_choices
        ]


class KindFilter(SelectFilter):
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


class ProviderFilter(SelectFilter):
    """Where the settings name several."""

    title = "provider"
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        names = [provider.name for provider in providers()]
        return [(name, name_in_words(name)) for name in names] if len(names) > 1 else []

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[EmailDelivery]
    ) -> QuerySet[EmailDelivery]:
        return queryset.filter(provider=self.value()) if self.value() else queryset


class ReturnFilter(SelectFilter):
    """What mail servers reported of the emails."""

    title = "returned"
    parameter_name = "report"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            (ReturnOutcome.BOUNCED, "Came back"),
            (ReturnOutcome.COMPLAINED, "Reported as spam"),
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[EmailDelivery]
    ) -> QuerySet[EmailDelivery]:
        chosen = self.value()
        if not chosen:
            return queryset
        reports = EmailReturn.objects.filter(outcome=chosen)
        if (event := event_of_list(request)) is not None:
            reports = reports.filter(event_id=event.pk)
        elif not request.user.is_superuser:
            managed = Event.objects.managed_by(request.user).order_by().values("pk")
            reports = reports.filter(Among(F("event_id"), Ids(managed)))
            # As an array: else PostgreSQL looks for the reports of each email of theirs.
            return queryset.filter(Among(F("pk"), Ids(reports.values("delivery_id"))))
        return queryset.filter(pk__in=reports.values("delivery_id"))


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


def selects_of(changelist: Any) -> dict[str, Any]:
    """Return the context of the form with the selects of a list.

    hidden: what else the address of the list says, as pairs of name and value.
    """
    selects = [spec for spec in changelist.filter_specs if isinstance(spec, SelectFilter)]
    own = {spec.parameter_name for spec in selects} | {PAGE_VAR, AFTER}
    params = changelist.params | changelist.filter_params
    return {
        "selects": selects,
        "selects_hidden": [
            (name, value[-1] if isinstance(value, list) else value)
            for name, value in params.items()
            if name not in own
        ],
        "is_filtered": any(spec.value() for spec in selects),
        "unfiltered_url": changelist.get_query_string(remove=[*own]),
    }
