"""What becomes of each row of a file, as CSV."""

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Any

from events.import_models import EventImport, EventImportRow, RowState
from events.importing.plan import REASONS

CHUNK = 500
# Spreadsheets compute a cell that begins with one of these.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def report_lines(batch: EventImport) -> Iterator[str]:
    """Yield the lines of the report, with a chunk of the rows at a time in memory."""
    yield _line(["Line", "Subject", "Result", "Reason", "What to do"])
    rows = EventImportRow.objects.filter(batch_id=batch.pk)
    in_order = list(rows.order_by("line", "pk").values_list("pk", flat=True))
    for start in range(0, len(in_order), CHUNK):
        chunk = in_order[start : start + CHUNK]
        found = rows.in_bulk(chunk)
        for row in (found[pk] for pk in chunk if pk in found):
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
