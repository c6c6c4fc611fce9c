"""What the broker has counted: page views and visitors, taken over into event_analytics.

The counts of a minute only grow, so each run may read them again and writes the larger of both: a
broker that lost some changes no figure that was taken over. They stay in the broker until they are
committed here, and for a while after, since a web process may be late.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import redis
import structlog
from django.db import connection, transaction

from boxoffice.figures.buckets import with_buckets
from evently.audit.context import stamp
from evently.database.clock import now
from evently.page_views import HOUR, MINUTES, PageKind, visitors_key
from evently.redis_client import redis_client
from events.models import Resolution

# The task may wait longer than a request.
TIMEOUT_SECONDS = 5.0
LATE = timedelta(minutes=10)
# Counts wait so long in the broker (evently.page_views.KEPT_SECONDS).
REACH = timedelta(days=2)
# Visitors of such buckets are counted anew even where no view came to light.
RECENT = {Resolution.HOUR: timedelta(hours=3), Resolution.DAY: timedelta(days=1)}
WRITE = """
    INSERT INTO event_analytics
        (event_id, metric_type, metric_value, recorded_at, resolution, is_realtime)
    SELECT e.id, f.metric, f.figure, f.bucket, %(resolution)s, %(resolution)s = 'minute'
    FROM unnest(%(ids)s::uuid[], %(metrics)s::text[], %(figures)s::numeric[],
        %(buckets)s::timestamptz[]) AS f (id, metric, figure, bucket)
    JOIN events e ON e.id = f.id
    ORDER BY e.id, f.metric, f.bucket
    ON CONFLICT (event_id, metric_type, resolution, recorded_at)
        DO UPDATE SET metric_value = excluded.metric_value
        WHERE event_analytics.metric_value < excluded.metric_value
    RETURNING event_id, metric_type, recorded_at
"""
SUMS = with_buckets("""
    SELECT s.event_id, s.metric_type, sum(s.metric_value),
        bucket_of(s.recorded_at, z.zone), z.zone
    FROM event_analytics s JOIN events e ON e.id = s.event_id
    CROSS JOIN LATERAL (
        SELECT CASE WHEN %(resolution)s = 'day' THEN e.timezone ELSE 'UTC' END
    ) AS z (zone)
    WHERE s.is_realtime AND s.metric_type = ANY (%(counted)s)
        AND s.recorded_at >= bucket_of(%(start)s::timestamptz, z.zone)
        AND s.recorded_at >= %(start)s - interval '26 hours'
    GROUP BY 1, 2, 4, 5
""")

log = structlog.get_logger(__name__)
Row = tuple[UUID, str, Any, datetime]


def take_over() -> int:
    """Write the counts that wait in the broker; return how many. One that is away loses none."""
    broker: Any = redis_client(timeout_seconds=TIMEOUT_SECONDS)
    try:
        keys = sorted(key.decode() for key in broker.smembers(MINUTES))
        _write(Resolution.MINUTE, rows := list(_minutes(broker, keys)))
        over = (now() - LATE).timestamp()
        if done := [key for key in keys if _minute_of(key) < over]:
            broker.pipeline().srem(MINUTES, *done).delete(*done).execute()
    except (redis.RedisError, OSError) as error:
        log.warning("page_views_wait", error=type(error).__name__)
        return 0
    return len(rows)


def roll_up(resolution: Resolution) -> int:
    """Write the counts of hours or days as the sums of their minutes; return how many.

    Visitors come from the broker, since those of two minutes may be the same.
    """
    until = now()
    with connection.cursor() as cursor:
        cursor.execute(
            SUMS,
            {
                "resolution": resolution.value,
                "start": until - REACH,
                "counted": list(PageKind),
            },
        )
        found = cursor.fetchall()
    rows: list[Row] = [row[:4] for row in found]
    ends = {(row[0], row[3]): _end_of(resolution, *row[3:]) for row in found}
    changed = _write(resolution, rows)
    recent = {(row[0], row[1], row[3]) for row in rows if row[3] > until - RECENT[resolution]}
    seen = [(row[0], row[2]) for row in sorted(changed | recent) if row[1] == PageKind.EVENT]
    try:
        _write(resolution, list(_visitors(seen, ends, until=until)))
    except (redis.RedisError, OSError) as error:
        log.warning("visitors_wait", error=type(error).__name__)
    return len(rows)


def _minutes(broker: Any, keys: list[str]) -> Iterator[Row]:
    pipeline = broker.pipeline(transaction=False)
    for key in keys:
        pipeline.hgetall(key)
    for key, counts in zip(keys, pipeline.execute(), strict=True):
        at = datetime.fromtimestamp(_minute_of(key), UTC)
        for event_id, number in counts.items():
            yield UUID(event_id.decode()), key.split(":")[-2], int(number), at


def _minute_of(key: str) -> int:
    return int(key.rpartition(":")[2])


def _end_of(resolution: Resolution, bucket: datetime, zone: str) -> datetime:
    """Return when an hour or a day of a calendar ends; bucket: when it begins."""
    if resolution is Resolution.HOUR:
        return bucket + timedelta(hours=1)
    local = ZoneInfo(zone)
    tomorrow = bucket.astimezone(local).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time.min, local).astimezone(UTC)


def _visitors(
    seen: list[tuple[UUID, datetime]],
    ends: dict[tuple[UUID, datetime], datetime],
    *,
    until: datetime,
) -> Iterator[Row]:
    """Count the visitors of each bucket: those of its hours, each once. ends: of each bucket."""
    pipeline = redis_client(timeout_seconds=TIMEOUT_SECONDS).pipeline(transaction=False)
    for event_id, bucket in seen:
        first = int(bucket.timestamp()) // HOUR * HOUR
        last = int(min(ends[event_id, bucket], until).timestamp())
        hours = range(first, max(last, first + 1), HOUR)
        pipeline.pfcount(*(visitors_key(hour, event_id) for hour in hours))
    for (event_id, bucket), number in zip(seen, pipeline.execute(), strict=True):
        if number:
            yield event_id, "visitors", number, bucket


def _write(resolution: Resolution, rows: list[Row]) -> set[tuple[UUID, str, datetime]]:
    """Write rows; return the event, metric and bucket of those that changed."""
    if not rows:
        return set()
    ids, metrics, figures, buckets = zip(*rows, strict=True)
    with transaction.atomic(), connection.cursor() as cursor:
        stamp(connection)
        cursor.execute(
            WRITE,
            {
                "resolution": resolution.value,
                "ids": list(ids),
                "metrics": list(metrics),
                "figures": list(figures),
                "buckets": list(buckets),
            },
        )
        return set(cursor.fetchall())
