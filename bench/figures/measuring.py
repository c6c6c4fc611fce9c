"""What roll-ups, nightly check and dashboards cost on a year of sales, beside their limits."""

import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection, transaction

from bench.figures import dashboards
from bench.stage.cpu import seconds_of
from boxoffice.figures import agreement, lost_demand_rolling, rolling
from evently.accounts.models import User
from evently.database.identity import as_worker
from events.models import EventMetric, Resolution

MINUTE = timedelta(minutes=1)
# The moment in the rush of event 0, and how often what takes long is measured.
RUSH = timedelta(minutes=20)
OPENED = """
    SELECT min(created_at), (SELECT max(attempted_at) FROM booking_attempts)
    FROM bookings WHERE event_id =
        (SELECT event_id FROM bookings GROUP BY event_id ORDER BY count(*) DESC LIMIT 1)
"""
# Of the organizers, one that has no event with many bookings.
SUPERUSER = """
    UPDATE users SET is_superuser = true
    WHERE id = (SELECT id FROM users WHERE role = 'admin' ORDER BY id DESC LIMIT 1) RETURNING id
"""
# Of the first run by day and the check to the end.
MOST_GROWN_MB = 64


@dataclass(frozen=True)
class Measure:
    """most: seconds; None for what has no limit."""

    name: str
    run: Callable[[], Any]
    most: float | None = None
    times: int = 1


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measures(opened: datetime, at: datetime) -> list[Measure]:
    """Return what is measured, in order.

    opened: when the largest event went on sale; at: when something happened last.
    """
    # Whole buckets, as those of a window that ends in one are cut off where it ends.
    rush = opened.replace(second=0, microsecond=0) + RUSH
    full_hour = rush.replace(minute=0) + 60 * MINUTE
    overlap = rolling.OVERLAP

    def write(resolution: Resolution, end: datetime, back: timedelta) -> Callable[[], Any]:
        return lambda: rolling.write(resolution, start=end - back, end=end)

    def first(resolution: Resolution) -> Callable[[], Any]:
        return lambda: rolling.roll_up(resolution, until=at)

    return [
        Measure("days, first run", first(Resolution.DAY), 120.0),
        Measure("hours, first run", first(Resolution.HOUR), 120.0),
        Measure("minutes, first run", first(Resolution.MINUTE), 120.0),
        Measure("minute now", write(Resolution.MINUTE, at, overlap + MINUTE), 1.0, 5),
        Measure("minute in the rush", write(Resolution.MINUTE, rush, overlap + MINUTE), 1.0, 5),
        Measure("minute again", write(Resolution.MINUTE, rush, overlap + MINUTE), 1.0, 5),
        Measure("hour", write(Resolution.HOUR, at, overlap + 60 * MINUTE), None, 3),
        Measure(
            "hour in the rush", write(Resolution.HOUR, full_hour, overlap + 60 * MINUTE), None, 3
        ),
        Measure("day", write(Resolution.DAY, at, overlap + 60 * MINUTE), None, 3),
        Measure("lost demand, first runs", lambda: _count_lost_demand(at)),
        Measure("nightly check", lambda: agreement.check_all(at=at, mend=True), 120.0),
    ]


def _count_lost_demand(at: datetime) -> None:
    """Count all events, of which a run counts some."""
    while lost_demand_rolling.roll_up(until=at):
        pass


def _explain(plans: Path, ends: dict[str, datetime]) -> None:
    """Write the plans of the roll-ups, as they are once all has been written."""

    def explained(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        if sql.startswith("-- The figures"):
            sql = "EXPLAIN (ANALYZE, BUFFERS) " + sql
        return execute(sql, parameters, many, context)

    with plans.open("w") as file, connection.execute_wrapper(explained):
        for name, end in ends.items():
            for resolution in Resolution:
                start = end - rolling.OVERLAP - MINUTE
                for ending in ("write", "compare"):
                    with transaction.atomic():
                        lines = rolling.run(ending, resolution, start=start, end=end)
                        transaction.set_rollback(True)
                    print(f"\n=== {ending}, {resolution} {name}", file=file)
                    print(*(line for (line,) in lines), sep="\n", file=file)


def report(owner_url: str, *, plans: Path | None) -> int:
    """Print a line for each measure; return 1 if a limit is passed or figures differ."""
    with psycopg.connect(owner_url, autocommit=True) as owner:
        ((opened, latest),) = owner.execute(OPENED).fetchall()
        ((superuser_id,),) = owner.execute(SUPERUSER).fetchall()
    connection.ensure_connection()
    server = connection.connection.info.backend_pid
    before = _memory_mb()
    failures = 0
    print(f"{'':24}{'seconds':>9}{'CPU':>8}{'limit':>8}")
    for measure in measures(opened, latest):
        took, cost = [], []
        for _ in range(measure.times):
            cpu, start = seconds_of(server), time.perf_counter()
            measure.run()
            took.append(time.perf_counter() - start)
            cost.append(seconds_of(server) - cpu)
        seconds = statistics.median(took)
        is_over = measure.most is not None and seconds > measure.most
        failures += is_over
        limit = "" if measure.most is None else f"{measure.most:g}"
        print(
            f"{measure.name:24}{seconds:9.2f}{statistics.median(cost):8.2f}{limit:>8}"
            f"{'  OVER' if is_over else ''}",
            flush=True,
        )
    grown = _memory_mb() - before
    with as_worker():
        superuser = User.objects.get(pk=superuser_id)
    failures += dashboards.report(superuser)
    if plans is not None:
        _explain(plans, {"now": latest, "in the rush": opened + RUSH})
    differing = sum(found.total for found in agreement.check_all(at=latest, mend=False))
    print(f"{EventMetric.objects.count():,} figures, {differing} differ")
    print(f"memory grew by {grown:.0f} MB of {MOST_GROWN_MB}")
    return 1 if failures or differing or grown > MOST_GROWN_MB else 0
