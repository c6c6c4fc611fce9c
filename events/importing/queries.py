"""Reads of imports: what waits for a task, and what a file has led to."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet

from evently.database.functions import Clock
from events.import_models import (
    DISCARDABLE,
    EventImport,
    EventImportRow,
    ImportState,
    RowOutcome,
    RowState,
)
from events.importing.plan import REASONS

# A task that is alive saves its progress more often than this.
STALLED_AFTER = timedelta(seconds=60)
# Files that were uploaded and then forgotten are deleted.
KEPT_FOR = timedelta(days=2)
EXAMPLES = 3


def stalled_imports(state: ImportState) -> list[UUID]:
    """Return the ids of imports whose task was lost."""
    stalled = EventImport.objects.filter(state=state, updated_at__lt=Clock() - STALLED_AFTER)
    return list(stalled.order_by("updated_at").values_list("pk", flat=True))


def forgotten_imports() -> list[UUID]:
    forgotten = EventImport.objects.filter(state__in=DISCARDABLE, updated_at__lt=Clock() - KEPT_FOR)
    return list(forgotten.values_list("pk", flat=True))


def visible_imports(user: Any) -> QuerySet[EventImport]:
    """Return the imports that a user may see, without their files."""
    imports = EventImport.objects.defer("content")
    return imports if user.is_superuser else imports.filter(organizer_id=user.pk)


def counts_of(batch: EventImport) -> dict[str, int]:
    """Return how many rows have each outcome, and each state as "<state>_rows"."""
    rows = (
        EventImportRow.objects.filter(batch_id=batch.pk)
        .values_list("outcome", "state")
        .annotate(Count("pk"))
        .order_by()
    )
    counts = {str(outcome): 0 for outcome in RowOutcome}
    counts |= {f"{state}_rows": 0 for state in RowState}
    for outcome, state, number in rows:
        counts[outcome] += number
        counts[f"{state}_rows"] += number
    return counts


def refusals_of(batch: EventImport) -> list[dict[str, Any]]:
    """Return the reasons of refusals, most frequent first, with examples."""
    refused = EventImportRow.objects.filter(batch_id=batch.pk).filter(
        outcome=RowOutcome.REFUSED
    ) | EventImportRow.objects.filter(batch_id=batch.pk, state=RowState.FAILED)
    reasons = refused.values_list("reason").annotate(number=Count("pk")).order_by("-number")
    return [
        {
            "reason": reason,
            "label": REASONS.get(reason, reason),
            "number": number,
            "examples": list(refused.filter(reason=reason).order_by("line", "pk")[:EXAMPLES]),
            "more": max(0, number - EXAMPLES),
        }
        for reason, number in reasons
    ]
