"""What exports of figures cost in memory, which must not grow with the number of events.

Each export is a request to the API in a process of its own, read to its end a part at a time. What
grows is the difference of the largest resident sets: 2,000 events beside 100.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from bench.role_cost.__main__ import set_up
from bench.throwaway import throwaway_database

MOST_GROWN_MB = 20.0
FORMATS = ("csv", "parquet")
# By day, a year of four metrics; by hour, all that may be asked for at once, of one.
DAYS = {"day": 365, "hour": 80}
METRICS = {"day": "{seats,bookings,revenue,price}", "hour": "{seats}"}
STATUS = Path("/proc/self/status")
OWNED = """
    WITH numbered AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM events)
    UPDATE events SET created_by_id = people.id
    FROM numbered, (
        SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM users LIMIT %(organizers)s) people
    WHERE numbered.id = events.id
        AND people.n = (SELECT count(*) FROM unnest(%(ends)s::int[]) one WHERE one <= numbered.n)
"""
FIGURES = """
    INSERT INTO event_analytics
        (event_id, organizer_id, metric_type, metric_value, recorded_at, resolution)
    SELECT events.id, created_by_id, metric, 1 + floor(random() * 20), at, %(resolution)s
    FROM events, unnest(%(metrics)s::text[]) metric, generate_series(
        date_trunc('day', now(), 'UTC') - make_interval(days => %(days)s - 1),
        date_trunc('day', now(), 'UTC'), ('1 ' || %(resolution)s)::interval) at
    ON CONFLICT DO NOTHING
"""


def give_figures(database: "psycopg.Connection[Any]", sizes: tuple[int, ...]) -> list[UUID]:
    """Give all events figures, and organizers so many events each; return the organizers' ids.

    database: the owner's connection, with triggers off, and as many events as that takes.
    """
    ends = [sum(sizes[: place + 1]) for place in range(len(sizes))]
    database.execute(OWNED, {"organizers": len(sizes), "ends": ends})
    for resolution, days in DAYS.items():
        values = {"resolution": resolution, "days": days, "metrics": METRICS[resolution]}
        database.execute(FIGURES, values)
    found = database.execute("SELECT created_by_id FROM events GROUP BY 1 ORDER BY count(*)")
    ids = [owner for (owner,) in found.fetchall()]
    database.execute("UPDATE users SET role = 'admin' WHERE id = ANY (%s)", [ids])
    return ids


def read_export(user_id: UUID, file_format: str, resolution: str) -> int:
    """Read the file of all events of an organizer; return how many bytes it has."""
    from datetime import timedelta

    from django.test import Client

    from evently.accounts.models import Scope
    from evently.accounts.operations import issue_token
    from evently.database.clock import now
    from evently.database.identity import as_worker

    with as_worker():
        token = issue_token(user_id=user_id, name="export", scopes=[Scope.ORGANIZE])
    first = now().date() - timedelta(days=DAYS[resolution] - 1)
    answer = Client(SERVER_NAME="localhost").get(
        f"/api/v1/analytics.{file_format}",
        {"resolution": resolution, "date_from": str(first)},
        headers={"Authorization": f"Bearer {token.secret}"},
    )
    if answer.status_code != 200:
        raise SystemExit(f"{answer.status_code}: {answer.content.decode()}")
    return sum(len(part) for part in answer.streaming_content)


def _measure_one(user_id: str, file_format: str, resolution: str) -> None:
    """Print the size of a file, and the largest resident set of this process, in MB."""
    set_up(dict(os.environ))
    from evently.database.identity import VISITOR, set_of_process

    set_of_process(VISITOR)  # as in web processes
    started = time.perf_counter()
    size = read_export(UUID(user_id), file_format, resolution)
    (peak,) = (line.split()[1] for line in STATUS.read_text().splitlines() if "VmHWM" in line)
    seconds = time.perf_counter() - started
    print(json.dumps({"bytes": size, "peak_mb": int(peak) / 1024, "seconds": seconds}))


def report(environment: dict[str, str], organizers: list[UUID], sizes: tuple[int, ...]) -> int:
    """Print a line for each export; return 1 if memory grows."""
    failures = 0
    print(f"{'':16}{'events':>8}{'MB of file':>12}{'seconds':>9}{'peak MB':>9}")
    for resolution in DAYS:
        for file_format in FORMATS:
            peaks = []
            for user_id, events in zip(organizers, sizes, strict=True):
                command = [
                    sys.executable,
                    "-m",
                    "bench.figures.exporting",
                    str(user_id),
                    file_format,
                    resolution,
                ]
                done = subprocess.run(
                    command, env=environment, check=True, capture_output=True, text=True
                )
                found = json.loads(done.stdout.splitlines()[-1])
                peaks.append(found["peak_mb"])
                print(
                    f"{file_format + ' by ' + resolution:16}{events:8,}{found['bytes'] / 1e6:12.1f}"
                    f"{found['seconds']:9.1f}{found['peak_mb']:9.0f}",
                    flush=True,
                )
            grown = peaks[-1] - peaks[-2]
            is_over = grown > MOST_GROWN_MB
            failures += is_over
            over = "  OVER" if is_over else ""
            print(f"{'':16}grew by {grown:.0f} MB of {MOST_GROWN_MB:.0f}{over}")
    return 1 if failures else 0


def run(events: int) -> int:
    """Fill a database of its own with figures, and report; events: of the largest export."""
    from bench.figures.filling import Size, fill
    from bench.large import unguarded

    sizes = (1, min(100, events), events)
    with throwaway_database() as environment:
        set_up(environment)
        with psycopg.connect(environment["DATABASE_OWNER_URL"], autocommit=True) as database:
            fill(database, Size(sum(sizes), sum(sizes) * 2, 100, sum(sizes) * 4))
            with unguarded(database, small=True):
                organizers = give_figures(database, sizes)
            database.execute("VACUUM ANALYZE event_analytics, events")
        return report(environment, organizers, sizes)


if __name__ == "__main__":
    _measure_one(*sys.argv[1:])
