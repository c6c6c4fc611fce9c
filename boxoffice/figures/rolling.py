"""Rolling up: the figures of events by minute, hour and day, from the tables they are about.

A run writes whole buckets from the one that it begins in, and may be repeated: the same tables give
the same rows. The windows overlap, since a row counts for the time it bears, and is seen only once
its transaction has ended.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection, transaction

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
# What the nightly run writes anew, and the check compares; attempts are deleted after 90 days.
NIGHTLY = {Resolution.HOUR: timedelta(days=7), Resolution.DAY: timedelta(days=60)}


@dataclass(frozen=True)
class Written:
    """How many rows a run inserted or changed, and how many it deleted."""

    written: int
    deleted: int


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
        written = write(resolution, start=start, end=until)
        with transaction.atomic():
            stamp(connection)
            RollUp.objects.update_or_create(pk=resolution, defaults={"done_until": until})
    return written


def write(
    resolution: Resolution, *, start: datetime, end: datetime, only: Sequence[UUID] | None = None
) -> Written:
    """Write the buckets of a window; only: of these events."""
    ((written, deleted),) = _run("write", resolution, start=start, end=end, only=only)
    return Written(written, deleted)


def differences(
    resolution: Resolution, *, start: datetime, end: datetime, only: Sequence[UUID] | None = None
) -> list[Difference]:
    """Return where the rows of a window differ from what the tables say."""
    rows = _run("compare", resolution, start=start, end=end, only=only)
    return [Difference(*row) for row in rows]


def _run(
    ending: str,
    resolution: Resolution,
    *,
    start: datetime,
    end: datetime,
    only: Sequence[UUID] | None,
) -> list[Any]:
    with transaction.atomic(), connection.cursor() as cursor:
        stamp(connection)
        cursor.execute(
            _statement(ending),
            {
                "resolution": resolution.value,
                "start": start,
                "end": end,
                "only": None if only is None else list(only),
                "counted": COUNTED,
            },
        )
        rows: list[Any] = cursor.fetchall()
    return rows


@cache
def _statement(ending: str) -> str:
    return (SQL / "roll_up.sql").read_text() + (SQL / f"{ending}.sql").read_text()
