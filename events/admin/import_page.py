"""What the page of an import shows: its progress, rows, and what they lead to."""

from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.urls import reverse

from evently.formatting import counted, moment
from events.changes import WORDS, text_of
from events.import_models import (
    EventImport,
    EventImportRow,
    ImportState,
    RowOutcome,
    RowState,
)
from events.importing.dates import DayOrder
from events.importing.stored import value_of
from events.models import Event

UTC = ZoneInfo("UTC")
STATE_STYLES = {
    "Being read": "info",
    "Waiting for answers": "warning",
    "Ready to be imported": "warning",
    "Being imported": "info",
    "Imported": "success",
    "Being undone": "info",
    "Undone": "",
    "Cannot be read": "danger",
}


def import_url(batch: EventImport) -> str:
    return reverse("admin:events_eventimport_change", args=[batch.pk])


def list_url() -> str:
    return reverse("admin:events_eventimport_changelist")


def action_url(batch: EventImport, name: str) -> str:
    return reverse(f"admin:event_import_{name}", args=[batch.pk])


def zone_of(batch: EventImport) -> ZoneInfo:
    return ZoneInfo(batch.answers.get("timezone") or "UTC")


def progress_of(batch: EventImport) -> dict[str, Any]:
    total = batch.rows_total
    return {
        "batch": batch,
        "state": batch.get_state_display(),
        "state_kind": STATE_STYLES[str(batch.get_state_display())],
        "percent": min(100, 100 * batch.rows_done // total) if total else 0,
        "progress_url": action_url(batch, "progress"),
    }


def row_choices(batch: EventImport, counts: dict[str, int]) -> list[tuple[str, str, int]]:
    """Return which rows can be shown: key, label and number."""
    if batch.state in (ImportState.READY, ImportState.READING, ImportState.FAILED):
        labels = [(outcome.value, outcome.label, counts[outcome]) for outcome in RowOutcome]
    else:
        states = (RowState.KEPT, RowState.DONE, RowState.UNDONE, RowState.FAILED)
        labels = [(state.value, state.label, counts[f"{state}_rows"]) for state in states]
        labels.append(("refused", "Not imported", counts["refused"]))
        labels.append(("unchanged", "Unchanged", counts["unchanged"]))
    return [one for one in labels if one[2]]


def shown_rows(batch: EventImport, show: str) -> QuerySet[EventImportRow]:
    rows = EventImportRow.objects.filter(batch_id=batch.pk).order_by("line", "pk")
    if show in RowOutcome.values:
        return rows.filter(outcome=show)
    return rows.filter(state=show)


def row_of(row: EventImportRow) -> dict[str, Any]:
    """Return a row as the table shows it."""
    columns = row.columns
    zone = ZoneInfo(columns["timezone"]) if columns else UTC
    return {
        "row": row,
        "starts": moment(value_of("event_date", columns["event_date"]), zone) if columns else "",
        "venue": columns.get("venue", ""),
        "changes": [
            {
                "name": WORDS[name],
                "old": text_of(value_of(name, old), zone=zone, currency=""),
                "new": text_of(value_of(name, new), zone=zone, currency=""),
            }
            for name, (old, new) in row.changes.items()
        ],
        "url": reverse("admin:event_overview", args=[row.event_id])
        if row.event_id and row.state in (RowState.DONE, RowState.KEPT)
        else "",
    }


def sentences(batch: EventImport) -> list[str]:
    """Return how the file is read, and what is left out."""
    found = []
    if "timezone" in batch.assumed:
        zone = batch.answers.get("timezone")
        found.append(f"Times without a time zone are read as times in {zone}.")
    proved = next((order for order in DayOrder if order in batch.assumed), None)
    chosen = batch.answers.get("day_order") or proved
    if chosen:
        found.append(f"Dates such as 05/06/2027 are read with the {chosen.replace('_', ' ')}.")
    kept = set(batch.answers.get("kept_columns", ()))
    left_out = sorted(name for name in batch.left_out if name not in kept)
    if left_out:
        found.append(f"Left out, not published: {', '.join(left_out)}.")
    return found


def changes_published(batch: EventImport) -> str:
    """Return a sentence on the published events that would be changed; "" for none."""
    if batch.state != ImportState.READY:
        return ""
    changed = EventImportRow.objects.filter(batch_id=batch.pk, outcome=RowOutcome.CHANGED)
    number = Event.objects.published().filter(pk__in=changed.values("event_id")).count()
    return f"{counted(number, 'published event')} would be changed." if number else ""
