"""The history page of an event: who changed what and when, from the audit log."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.admin import ModelAdmin
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.dateparse import parse_datetime

from evently.admin.cells import names_of
from evently.admin.tabs import add_page, tabs_context
from evently.audit.models import AuditLog
from evently.audit.queries import history_of_event
from evently.formatting import moment
from evently.privacy.sealing import PREFIX
from events.admin.zones import ZoneHistory
from events.models import Event

CHANGES_PER_PAGE = 50
# The rows of each table, in "Maya created a booking".
NOUNS = {
    "events": "the event",
    "event_staff": "a staff member",
    "bookings": "a booking",
    "tickets": "a ticket",
    "payments": "a payment",
    "waitlists": "a waitlist entry",
    "waitlist_promotions": "an offer",
}
VERBS = {"insert": "created", "update": "changed", "delete": "deleted"}
# The only columns that are shown of a created or deleted row.
IDENTIFYING = (
    "booking_reference",
    "quantity",
    "total_amount",
    "name",
    "status",
    "role",
    "expires_at",
)
# Columns whose name differs from their label in the forms.
LABELS = {
    "event_date": "starts",
    "timezone": "time zone",
    "total_capacity": "seats",
    "quantity": "seats",
    "min_quantity": "minimum seats",
    "booking_reference": "reference",
    "total_amount": "amount",
    "max_per_booking": "seats per booking",
    "max_per_person": "seats per person",
    "promotion_window_minutes": "minutes to claim an offer",
    "priority_score": "priority",
    "payment_mode": "payment",
}
# Columns that say nothing about what a person did.
IGNORED = frozenset(
    {"version", "updated_at", "created_at", "id", "event_id", "row_id", "last_change"}
)
VIA = {"page": "on the website", "api": "through the API", "admin": "in the admin"}


@dataclass(frozen=True)
class Change:
    """One line of the history. values: (label, before, after), formatted for display."""

    at: str
    who: str
    what: str
    via: str
    is_update: bool
    values: list[tuple[str, str, str]]


def described_changes(entries: list[AuditLog], event: Event) -> list[Change]:
    """Return audit log entries for display; one query for the names of all actors."""
    names = names_of({entry.actor for entry in entries})
    zones = ZoneHistory(event)
    return [
        Change(
            at=moment(entry.at, event.zone),
            who=names.get(entry.actor, entry.actor),
            what=f"{VERBS[entry.action]} {NOUNS.get(entry.table_name, entry.table_name)}",
            via=VIA.get(entry.via, ""),
            is_update=entry.action == AuditLog.Action.UPDATE,
            values=values,
        )
        for entry in entries
        if (values := _values(entry, zones.around(entry))) or entry.action != AuditLog.Action.UPDATE
    ]


def _values(entry: AuditLog, zones: tuple[ZoneInfo, ZoneInfo]) -> list[tuple[str, str, str]]:
    """Return the columns with their values, times in the zones before and after the change."""
    before, after = entry.before or {}, entry.after or {}
    if entry.action == AuditLog.Action.UPDATE:
        columns = sorted((before.keys() | after.keys()) - IGNORED)
    else:
        columns = [name for name in IDENTIFYING if (before | after).get(name) not in (None, "")]
    values = [
        (
            LABELS.get(name) or name.removesuffix("_at").replace("_", " "),
            _formatted(before.get(name), zones[0]),
            _formatted(after.get(name), zones[1]),
        )
        for name in columns
    ]
    announced = after.get("last_change") or {}
    if "notified" in announced:
        values.append(("attendees", "–", "notified" if announced["notified"] else "not notified"))
    return values


def _formatted(value: Any, zone: ZoneInfo) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, str):
        if value.startswith(PREFIX):
            return "(sealed)"
        at = parse_datetime(value) if len(value) > 18 and value[4:5] == "-" else None
        if isinstance(at, datetime) and at.tzinfo is not None:
            return moment(at, zone)
        return value if len(value) <= 200 else f"{value[:199]}…"
    if isinstance(value, float):
        return f"{value:,.2f}"
    return json.dumps(value, ensure_ascii=False)


def history_page(model_admin: ModelAdmin, request: HttpRequest, event: Event) -> HttpResponse:
    """Show every change of an event and its rows, newest first; `?of=event` leaves out the rows."""
    entries = history_of_event(event.pk)
    if request.GET.get("of") == "event":
        entries = entries.filter(table_name="events")
    page = Paginator(entries, CHANGES_PER_PAGE).get_page(request.GET.get("page"))
    return TemplateResponse(
        request,
        "admin/events/history.html",
        {
            **model_admin.admin_site.each_context(request),
            **tabs_context(event, current="history"),
            "opts": model_admin.model._meta,
            "title": event.name,
            "subtitle": "History",
            "page": page,
            "of": request.GET.get("of", ""),
            "changes": described_changes(list(page.object_list), event),
        },
    )


add_page("Activity", "history", "Changes", url_name="admin:events_event_trail", rank=10)
