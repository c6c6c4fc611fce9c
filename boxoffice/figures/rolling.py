"""Rolling up: the figures of events by minute, hour and day, from the tables they are about.

A run writes whole buckets from the one that it begins in, and may be repeated: the same tables give
the same rows. The windows overlap, since a row counts for the time it bears, and is seen only once
its transaction has ended.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from boxoffice.figures.buckets import with_buckets
from boxoffice.figures.registry import METRICS, Source
from evently.audit.context import stamp
from evently.database.clock import now
from evently.lifecycle.running import only_run
from events.models import Resolution, RollUp

SQL = Path(__file__).parent / "sql"
COUNTED = [metric.name for metric in METRICS.values() if metric.source is Source.COUNTERS]
# Transactions are ended sooner, so that a row is seen before its time is passed by.
OVERLAP = timedelta(minutes=10)
# How far back a first run, and one after a long stop, begins.
REACH = {
    Resolution.MINUTE: timedelta(hours=6),
    Resolution.HOUR: timedelta(days=7),
    Resolution.DAY: timedelta(days=400),
}
# What one statement covers: a long window is written and compared in parts, each a transaction.
WINDOW = {
    Resolution.MINUTE: timedelta(hours=2),
    Resolution.HOUR: timedelta(days=1),
    Resolution.DAY: timedelta(days=10),
}
# A bucket begins at most so long before any moment in it; the longest day has 25 hours.
LONGEST = {
    Resolution.MINUTE: timedelta(minutes=1),
    Resolution.HOUR: timedelta(hours=1),
    Resolution.DAY: timedelta(hours=25),
}
# What the nightly run writes anew, and the check compares; attempts are deleted after 90 days.
NIGHTLY = {Resolution.HOUR: timedelta(days=7), Resolution.DAY: timedelta(days=60)}


@dataclass(frozen=True)
class Written:
    """How many rows a run inserted or changed, and how many it deleted."""

    written: int
    deleted: int


# Differences of one part that are returned, of any number.
MOST_RETURNED = 1_000


@dataclass(frozen=True)
class Difference:
    """A figure that is not what the tables say. stored, found: None where there is none."""

    event_id: UUID
    metric: str
    bucket: datetime
    stored: Any
    found: Any


def roll_up(resolution: Resolution, *, until: datetime | None = None) -> Written | None:
    """Write all buckets since the last run, and note how far that is; None if another run does.

    until: by default now.
    """
    with only_run(f"roll-up-{resolution}") as is_mine:
        if not is_mine:
            return None
        until = until or now()
        done = RollUp.objects.filter(pk=resolution).first()
        start = until - REACH[resolution]
        if done is not None:
            start = max(start, done.done_until - OVERLAP)
        written = deleted = 0
        for begin, end in _windows(resolution, start, until):
            part = write(resolution, start=begin, end=end)
            written, deleted = written + part.written, deleted + part.deleted
            # After each part: a run that is stopped goes on from there.
            with transaction.atomic():
                stamp(connection)
                RollUp.objects.update_or_create(pk=resolution, defaults={"done_until": end})
    return Written(written, deleted)


def write(
    resolution: Resolution, *, start: datetime, end: datetime, only: Sequence[UUID] | None = None
) -> Written:
    """Write the buckets of a window; only: of these events."""
    written = deleted = 0
    for begin, until in _windows(resolution, start, end):
        ((more, fewer),) = run("write", resolution, start=begin, end=until, only=only)
        written, deleted = written + more, deleted + fewer
    return Written(written, deleted)


def differences(
    resolution: Resolution, *, start: datetime, end: datetime, only: Sequence[UUID] | None = None
) -> tuple[list[Difference], int]:
    """Return where the rows of a window differ from what the tables say, and how many do.

    Of each part MOST_RETURNED at most: were all to differ, they would take a lot of memory.
    """
    found: list[Difference] = []
    total = 0
    for begin, until in _windows(resolution, start, end):
        rows = run("compare", resolution, start=begin, end=until, only=only)
        found += [Difference(*row) for *row, _ in rows]
        total += rows[0][-1] if rows else 0
    return sorted(found, key=lambda one: (one.event_id, one.metric, one.bucket)), total


def _windows(
    resolution: Resolution, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the parts of a window, one after the other; each begins in the last bucket before."""
    while start < end:
        until = min(start + WINDOW[resolution], end)
        yield start, until
        start = until


def run(
    ending: str,
    resolution: Resolution,
    *,
    start: datetime,
    end: datetime,
    only: Sequence[UUID] | None = None,
) -> list[Any]:
    """Run the statement with an ending, "write" or "compare", over one window; return its rows."""
    with transaction.atomic(), connection.cursor() as cursor:
        stamp(connection)
        cursor.execute(
            _statement(ending),
            {
                "resolution": resolution.value,
                "start": start,
                "end": end,
                "lowest": start - LONGEST[resolution],
                "only": None if only is None else list(only),
                "counted": COUNTED,
                "most": MOST_RETURNED,
            },
        )
        rows: list[Any] = cursor.fetchall()
    return rows


@cache
def _statement(ending: str) -> str:
    return with_buckets((SQL / "roll_up.sql").read_text() + (SQL / f"{ending}.sql").read_text())
