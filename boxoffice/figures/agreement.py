"""Whether the figures agree with the tables: a nightly check, to the unit."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import connection, transaction

from boxoffice.figures import lost_demand_rolling
from boxoffice.figures.rolling import (
    MOST_RETURNED,
    NIGHTLY,
    OVERLAP,
    Difference,
    differences,
    write,
)
from evently.audit.context import stamp
from evently.database.clock import now
from events.models import Resolution, RollUp

MOST_LOGGED = 20

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Agreement:
    """What a check of one resolution, or of lost demand, found.

    start, end: the window that was compared. total: how many differ, of which `differences` has the
    first.
    """

    resolution: str
    start: datetime
    end: datetime
    differences: list[Difference]
    total: int


def check(resolution: Resolution, *, at: datetime, mend: bool) -> Agreement:
    """Compare the rows of the last days, except the last minutes, which are still rolled up.

    mend: whether rows that differ are rewritten. What was found is kept for /metrics and the
    admin until the next check. Before the first roll-up there is nothing to compare: the window is
    empty.
    """
    done = RollUp.objects.filter(pk=resolution).values_list("done_until", flat=True).first()
    if done is None:
        return Agreement(resolution, at, at, [], 0)
    start, end = at - NIGHTLY[resolution], min(at, done) - OVERLAP
    found, total = differences(resolution, start=start, end=end)
    _log(resolution.value, found)
    if mend and found:
        write(resolution, start=start, end=at)
    _note(resolution.value, at=at, total=total)
    return Agreement(resolution.value, start, end, found, total)


def check_all(*, at: datetime, mend: bool) -> list[Agreement]:
    """Check each resolution that is kept."""
    return [check(resolution, at=at, mend=mend) for resolution in NIGHTLY]


def check_lost_demand(*, at: datetime, mend: bool) -> Agreement:
    """Compare lost demand with the attempts to book, as far as these are kept.

    Of events in which nothing happened since they were counted: others are counted again soon.
    mend: whether the days that differ are rewritten.
    """
    lost_demand_rolling.mark(until=at)
    found: list[Difference] = []
    total = 0
    for event_id in lost_demand_rolling.counted_events(at=at):
        differing = lost_demand_rolling.differences(event_id, at=at)
        if not differing:
            continue
        # Something may have happened while they were compared.
        lost_demand_rolling.mark(until=now())
        if lost_demand_rolling.is_due(event_id):
            continue
        found += differing[: max(MOST_RETURNED - len(found), 0)]
        total += len(differing)
        if mend:
            lost_demand_rolling.write(event_id, at=at)
    _log(RollUp.LOST_DEMAND, found)
    _note(RollUp.LOST_DEMAND, at=at, total=total)
    return Agreement(RollUp.LOST_DEMAND, at - lost_demand_rolling.WRITTEN, at, found, total)


def _log(resolution: str, found: list[Difference]) -> None:
    for one in found[:MOST_LOGGED]:
        log.error(
            "figure_differs",
            event_id=str(one.event_id),
            resolution=resolution,
            metric=one.metric,
            bucket=one.bucket.isoformat(),
            stored=None if one.stored is None else str(one.stored),
            found=None if one.found is None else str(one.found),
        )


def _note(resolution: str, *, at: datetime, total: int) -> None:
    """Keep what a check found, for /metrics and the admin."""
    with transaction.atomic():
        stamp(connection)
        RollUp.objects.filter(pk=resolution).update(checked_at=at, differences=total)
