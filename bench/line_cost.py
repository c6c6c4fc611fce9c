"""Measure what a waitlist's record costs a booking, in time of the database.

    python -m bench.line_cost --bookings 2000

Books single seats by plain SQL in a database of its own, in turns: of an event without a waitlist,
and of events whose waitlists hold entries that are passed. Prints the median of each and what it is
above the first; exits with 1 where that is more than MOST_MS. Only the insert is measured, without
its commit, so that it is the same on fast and slow disks.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.throwaway import throwaway_database

MOST_MS = 0.3
SEALED = "sealed:v1:" + "x" * 40
USER = f"INSERT INTO users (email, name) VALUES ('{SEALED}', '{SEALED}') RETURNING id"
EVENT = """
    INSERT INTO events (name, venue, event_date, total_capacity, created_by_id, published_at)
    VALUES ('Evening', 'Old Mill', now() + interval '30 days', %s, %s, now()) RETURNING id
"""
BOOKING = """
    INSERT INTO bookings (event_id, user_id, quantity, unit_price, total_amount)
    VALUES (%s, %s, %s, 0, 0)
"""
ENTRIES = """
    INSERT INTO waitlists (event_id, user_id, quantity, min_quantity, confirmed_at)
    SELECT %s, id, 4, 4, now() FROM users ORDER BY id LIMIT %s
"""


def event_with_line(owner: "psycopg.Connection[Any]", user: Any, entries: int, seats: int) -> Any:
    """Return an event with seats on sale, and waiting entries that need more than are free."""
    (event,) = owner.execute(EVENT, [10, user]).fetchone() or (None,)
    owner.execute("UPDATE events SET max_passes = NULL WHERE id = %s", [event])
    owner.execute(BOOKING, [event, user, 10])
    if entries:
        owner.execute(ENTRIES, [event, entries])
        # Whatever comes free is fewer than they need.
        owner.execute("UPDATE waitlists SET quantity = 4, min_quantity = 4")
    owner.execute("UPDATE events SET total_capacity = 11 WHERE id = %s", [event])
    return event


def measure(app: "psycopg.Connection[Any]", event: Any, user: Any) -> float:
    """Return the milliseconds of one booking, which is rolled back."""
    app.execute("BEGIN")
    started = time.perf_counter()
    app.execute(BOOKING, [event, user, 1], prepare=True)
    elapsed = (time.perf_counter() - started) * 1000
    app.execute("ROLLBACK")
    return elapsed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bookings", type=int, default=2000, help="of each event")
    parser.add_argument("--lines", type=int, nargs="*", default=[10, 1000], help="entries")
    given = parser.parse_args()
    with throwaway_database() as environment:
        with psycopg.connect(environment["DATABASE_OWNER_URL"], autocommit=True) as owner:
            users = [
                row[0]
                for _ in range(max([*given.lines, 1]))
                for row in owner.execute(USER).fetchall()
            ]
            events = {
                entries: event_with_line(owner, users[0], entries, 1)
                for entries in [0, *given.lines]
            }
            owner.execute("ANALYZE")
        times: dict[int, list[float]] = {entries: [] for entries in events}
        url = environment["DATABASE_URL"]
        with psycopg.connect(url, autocommit=True, options="-c role=evently_worker") as app:
            for _ in range(given.bookings):
                for entries, event in events.items():
                    times[entries].append(measure(app, event, users[0]))
    medians = {entries: statistics.median(found) for entries, found in times.items()}
    worst = 0.0
    for entries, median in medians.items():
        more = median - medians[0]
        worst = max(worst, more)
        print(f"{entries:>6} entries wait: {median:.3f} ms per booking, {more:+.3f} ms")
    return int(worst > MOST_MS)


if __name__ == "__main__":
    sys.exit(main())
