"""A person's rows in cold storage, for the export of their data.

Files are read one after the other, line by line. Which of them hold rows of a person is kept
nowhere, since that would be personal data; but no one is in those of events that ended long before
their account was made.
"""

import json
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import structlog

from evently.lifecycle import files
from evently.lifecycle.failures import ColdFileDamaged, ColdStorageUnreachable
from evently.lifecycle.files import Line
from evently.lifecycle.models import ColdFile, ColdState
from evently.metrics import sweep_failures
from evently.privacy.models import PersonKey

# How long before the account was made: nobody books an event that is over, but an organizer may
# record a payment for it, until its bookings are archived after a year.
BEFORE = timedelta(days=731)
# Of all files together; below the time that a task may take.
READ_SECONDS = 400.0

log = structlog.get_logger(__name__)


@dataclass
class Found:
    """What was found. rows: by table, as `row_of` has them. unread: months that lack a file."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    files: int = 0
    unread: set[date] = field(default_factory=set)


def files_since(since: datetime, *, tables: Collection[str]) -> list[ColdFile]:
    """Return the files that may have rows of a person whose account is since then, oldest first.

    Without those whose rows are in the database again: they are found there.
    """
    month = (since - BEFORE).astimezone(UTC).date().replace(day=1)
    stored = ColdFile.objects.filter(state=ColdState.STORED, table_name__in=list(tables))
    return list(stored.filter(month__gte=month).order_by("month", "pk"))


def rows_of(
    user_id: UUID, key: PersonKey, listed: Sequence[ColdFile], *, insist: bool = True
) -> Found:
    """Return the rows of files that are about a person, or that have their id anywhere.

    Texts are opened in rows of this person only. insist: False to do without what cannot be read
    because the storage does not answer; a file that is damaged or missing is done without anyway.
    No transaction is open meanwhile.
    Raises ColdStorageUnreachable.
    """
    found, end = Found(), time.monotonic() + READ_SECONDS
    answers = True
    for cold in listed:
        if not answers or time.monotonic() > end:
            found.unread.add(cold.month)
            continue
        try:
            rows = [row_of(line, user_id, key) for line in _lines(cold, user_id)]
        except ColdFileDamaged as damage:
            if _is_deleted(cold):
                continue
            _note(damage)
            found.unread.add(cold.month)
            continue
        except ColdStorageUnreachable as failure:
            if insist:
                raise
            _note(failure)
            # It is not asked again for each file: that would take as long each time.
            answers = False
            found.unread.add(cold.month)
            continue
        found.files += 1
        found.rows.setdefault(cold.table_name, []).extend(rows)
    return found


def _lines(cold: ColdFile, user_id: UUID) -> Iterator[Line]:
    return files.lines_of(cold, containing=str(user_id))


def row_of(line: Line, user_id: UUID, key: PersonKey) -> dict[str, Any]:
    """Return a row with its texts; amounts are Decimal, moments stay text.

    The texts of a row about another person are "".
    """
    row: dict[str, Any] = json.loads(line.row, parse_float=Decimal)
    is_own = row.get("user_id") == str(user_id)
    texts = {
        column: (is_own and sealed and key.open("cold", sealed)) or ""
        for column, sealed in line.sealed.items()
    }
    return row | texts


def _is_deleted(cold: ColdFile) -> bool:
    """Whether the time of a file was over meanwhile."""
    return not ColdFile.objects.filter(pk=cold.pk).exists()


def _note(failure: ColdFileDamaged | ColdStorageUnreachable) -> None:
    log.error(failure.code, problem=failure.text)
    sweep_failures.labels("data_exports", failure.code).inc()
