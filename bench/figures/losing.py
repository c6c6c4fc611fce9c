"""What counting lost demand costs for one event with many refusals, and reading it.

Each person tries five times within a month; one in fifteen tries is a guest's.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg

from bench.figures.filling import Size, fill
from bench.large import unguarded
from bench.role_cost.__main__ import set_up
from bench.throwaway import throwaway_database

SIZE = Size(events=30, bookings=20_000, waiting=50_000, attempts=25_000)
# Of reading, for a page.
MOST_MS = 20.0
REFUSALS = """
    INSERT INTO booking_attempts (id, event_id, organizer_id, user_id, quantity, result,
        failure_reason, attempted_at, ip_address, user_agent)
    SELECT uuidv7(), e.id, e.created_by_id, CASE WHEN g %% 15 <> 0 THEN u.id END, 1 + g %% 4,
        'failed', (ARRAY['sold_out', 'sold_out', 'waitlist_first', 'event_busy'])[1 + g %% 4],
        now() - interval '1 minute' - interval '30 days' * (g::float / %(number)s),
        '2001:db8::'::inet + g %% 5000, ''
    FROM generate_series(1, %(number)s) g
    JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM users) u
        ON u.n = g::bigint * 7919 %% least(%(number)s / 5, (SELECT count(*) FROM users))
    JOIN events e ON e.id = %(event)s
"""


def _took(work: Callable[[], Any], times: int = 5) -> float:
    """Return the median of the seconds that some work took."""
    took = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return statistics.median(took)


def run(sizes: list[int]) -> int:
    with throwaway_database() as environment:
        set_up(environment)
        from django.db import connections

        try:
            return report(environment["DATABASE_OWNER_URL"], sizes)
        finally:
            connections.close_all()


def report(owner_url: str, sizes: list[int]) -> int:
    """Print a line for each number of refusals; return 1 if reading takes too long."""
    from boxoffice.figures import lost_demand_rolling
    from boxoffice.figures.lost_demand import refused_people, roll_ups
    from evently.database.clock import now
    from events.models import Event, LostDemandState

    failures = 0
    with psycopg.connect(owner_url, autocommit=True) as owner:
        fill(owner, SIZE)
        found = owner.execute(
            "SELECT id FROM events WHERE event_date > now() ORDER BY event_date DESC LIMIT %s",
            [len(sizes)],
        )
        chosen: list[UUID] = [event_id for (event_id,) in found.fetchall()]
        with unguarded(owner, small=True):
            for event_id, number in zip(chosen, sizes, strict=True):
                owner.execute(REFUSALS, {"event": event_id, "number": number})
        owner.execute("VACUUM ANALYZE booking_attempts")

    first = _took(lost_demand_rolling.roll_up, times=1)
    while LostDemandState.objects.filter(due_at__lte=now()).exists():
        lost_demand_rolling.roll_up()
    minute = _took(lost_demand_rolling.roll_up)
    print(f"first run {first:.2f} s, one without anything new {minute * 1000:.0f} ms")
    print(f"{'refusals':>9}{'count, s':>10}{'compare, s':>12}{'pause, s':>10}{'read, ms':>10}")
    for event_id, number in zip(chosen, sizes, strict=True):
        count = _took(lambda event_id=event_id: lost_demand_rolling.write(event_id, at=now()))
        compare = _took(
            lambda event_id=event_id: lost_demand_rolling.differences(event_id, at=now())
        )
        read = 1000 * _took(lambda event_id=event_id: refused_people([event_id]))
        pause = (number * lost_demand_rolling.PAUSE).total_seconds()
        failures += read > MOST_MS
        print(f"{number:9,}{count:10.2f}{compare:12.2f}{pause:10.0f}{read:10.1f}")
    events = Event.objects.all()
    everything = 1000 * _took(lambda: (refused_people(events), roll_ups(events)))
    print(f"all events: read {everything:.1f} ms")
    return 1 if failures or everything > MOST_MS else 0
