"""The history of an event in words: who changed what, from what to what. From the audit trail."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.dateparse import parse_datetime

from evently.admin.cells import names_of
from evently.admin.tabs import add_tab, tabs_context
from evently.audit.models import AuditLog
from evently.audit.queries import history_of_event
from evently.formatting import moment
from evently.privacy.sealing import PREFIX
from events.admin.events import EventAdminBase
from events.models import Event

CHANGES_PER_PAGE = 50
# What a row of each table is called.
NOUNS = {
    "events": "the event",
    "event_staff": "a member of staff",
    "bookings": "a booking",
    "tickets": "a ticket",
    "payments": "a payment",
    "waitlists": "a place in line",
    "waitlist_promotions": "an offer",
}
VERBS = {"insert": "made", "update": "changed", "delete": "deleted"}
# Of a new row only what tells it apart is shown.
TELLING = ("booking_reference", "quantity", "total_amount", "name", "status", "role", "expires_at")
# Where the column's name is not what the pages call it.
LABELS = {
    "event_date": "starts",
    "timezone": "time zone",
    "total_capacity": "seats",
    "quantity": "seats",
    "min_quantity": "seats at least",
    "current_price": "price now",
    "booking_reference": "reference",
    "total_amount": "amount",
    "max_per_booking": "seats per booking",
    "max_per_person": "seats per person",
    "cancellation_deadline": "free cancellation until",
    "promotion_window_minutes": "minutes to claim an offer",
    "priority_score": "priority",
    "payment_mode": "paid",
}
# Bookkeeping, not what anybody did.
SILENT = frozenset({"version", "updated_at", "created_at", "id", "event_id", "row_id"})
VIA = {"page": "on the site", "api": "through the API", "admin": "in the admin"}


@dataclass(frozen=True)
class Change:
    """One line of the history. values: (column, before, after) in words."""

    at: str
    who: str
    what: str
    via: str
    made: bool
    values: list[tuple[str, str, str]]


def changes_in_words(entries: list[AuditLog], event: Event) -> list[Change]:
    """Return entries of the trail in words; one query for the names of all who acted."""
    names = names_of({entry.actor for entry in entries})
    return [
        Change(
            at=moment(entry.at, event.zone),
            who=names.get(entry.actor, entry.actor),
            what=f"{VERBS[entry.action]} {NOUNS.get(entry.table_name, entry.table_name)}",
            via=VIA.get(entry.via, ""),
            made=entry.action != AuditLog.Action.UPDATE,
            values=values,
        )
        for entry in entries
        if (values := _values(entry, event)) or entry.action != AuditLog.Action.UPDATE
    ]


def _values(entry: AuditLog, event: Event) -> list[tuple[str, str, str]]:
    before, after = entry.before or {}, entry.after or {}
    if entry.action == AuditLog.Action.UPDATE:
        columns = sorted((before.keys() | after.keys()) - SILENT)
    else:
        columns = [name for name in TELLING if (before | after).get(name) not in (None, "")]
    return [
        (
            LABELS.get(name) or name.removesuffix("_at").replace("_", " "),
            _in_words(before.get(name), event),
            _in_words(after.get(name), event),
        )
        for name in columns
    ]


def _in_words(value: Any, event: Event) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, str):
        if value.startswith(PREFIX):
            return "(sealed)"
        at = parse_datetime(value) if len(value) > 18 and value[4:5] == "-" else None
        if isinstance(at, datetime) and at.tzinfo is not None:
            return moment(at, event.zone)
        return value if len(value) <= 200 else f"{value[:199]}…"
    if isinstance(value, float):
        return f"{value:,.2f}"
    return json.dumps(value, ensure_ascii=False)


class HistoryMixin(EventAdminBase):
    """Adds the page of an event's history."""

    def get_urls(self) -> list[URLPattern]:
        """Take the place of Django's own history, which is not kept."""
        view = self.admin_site.admin_view(self.event_history)
        return [
            path("<path:object_id>/trail/", view, name="events_event_trail"),
            *super().get_urls(),
        ]

    def event_history(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show every change of an event and its rows, the newest first."""
        event = self.event_or_404(request, object_id)
        entries = history_of_event(event.pk)
        if request.GET.get("of") == "event":
            entries = entries.filter(table_name="events")
        page = Paginator(entries, CHANGES_PER_PAGE).get_page(request.GET.get("page"))
        return TemplateResponse(
            request,
            "admin/events/history.html",
            {
                **self.admin_site.each_context(request),
                **tabs_context(event, current="history"),
                "opts": self.model._meta,
                "title": event.name,
                "subtitle": "History",
                "page": page,
                "of": request.GET.get("of", ""),
                "changes": changes_in_words(list(page.object_list), event),
            },
        )


add_tab(
    90, "history", "History", lambda event_id: reverse("admin:events_event_trail", args=[event_id])
)
