"""What becomes of each row of a file, as CSV."""

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Any

from events.import_models import EventImport, EventImportRow, RowState
from events.importing.plan import REASONS

# Spreadsheets compute a cell that begins with one of these.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def report_lines(batch: EventImport) -> Iterator[str]:
    """Yield the lines of the report, in constant memory."""
    yield _line(["Line", "Subject", "Result", "Reason", "What to do"])
    rows = EventImportRow.objects.filter(batch_id=batch.pk).order_by("line", "pk")
    for row in rows.iterator(chunk_size=500):
        result = row.get_outcome_display()
        if row.state != RowState.PLANNED:
            result = row.get_state_display()
        reason = REASONS.get(row.reason, row.reason)
        yield _line([row.line, row.name, result, reason, row.message])


def _line(cells: list[Any]) -> str:
    text = StringIO()
    csv.writer(text).writerow([_safe(cell) for cell in cells])
    return text.getvalue()


def _safe(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell
