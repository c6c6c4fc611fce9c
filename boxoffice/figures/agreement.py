"""Whether the figures agree with the tables: a nightly check, to the unit."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import connection, transaction

from boxoffice.figures.rolling import NIGHTLY, OVERLAP, Difference, differences, write
from evently.audit.context import stamp
from events.models import Resolution, RollUp

MOST_LOGGED = 20

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Agreement:
    """What a check of one resolution found.

    start, end: the window that was compared. total: how many differ, of which `differences` has the
    first.
    """

    resolution: Resolution
    start: datetime
    end: datetime
    differences: list[Difference]
    total: int


def check(resolution: Resolution, *, at: datetime, mend: bool) -> Agreement:
    """Compare the rows of the last days, except the last minutes, which are still rolled up.

    mend: whether rows that differ are written anew. What was found is kept for /metrics and the
    admin until the next check.
    """
    done = RollUp.objects.filter(pk=resolution).values_list("done_until", flat=True).first()
    start, end = at - NIGHTLY[resolution], min(at, done or at) - OVERLAP
    found, total = differences(resolution, start=start, end=end)
    for one in found[:MOST_LOGGED]:
        log.error(
            "figure_differs",
            event_id=str(one.event_id),
            resolution=resolution.value,
            metric=one.metric,
            bucket=one.bucket.isoformat(),
            stored=None if one.stored is None else str(one.stored),
            found=None if one.found is None else str(one.found),
        )
    if mend and found:
        write(resolution, start=start, end=at)
    with transaction.atomic():
        stamp(connection)
        RollUp.objects.filter(pk=resolution).update(checked_at=at, differences=total)
    return Agreement(resolution, start, end, found, total)


def check_all(*, at: datetime, mend: bool) -> list[Agreement]:
    """Check each resolution that is kept."""
    return [check(resolution, at=at, mend=mend) for resolution in NIGHTLY]
