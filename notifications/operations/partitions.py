"""Create the monthly partitions in advance, and drop old ones."""

import random
import time
from collections.abc import Iterator

import structlog
from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

from evently.audit.context import stamp
from evently.errors import Busy
from evently.lifecycle.asking import ask

MONTHS_AHEAD = 3
LOCK_MILLISECONDS = 500
ATTEMPTS = 5
# The rows of each month that evently_drop_notification_partition drops. Through the table: the
# application reads no partition.
OLD = """
    WITH old AS (
        SELECT c.relname, to_date(right(c.relname, 7), 'YYYY_MM')::timestamp AS month
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'notifications'::regclass
            AND c.relname ~ '^notifications_[0-9]{4}_[0-9]{2}$'
    )
    SELECT (SELECT count(*) FROM notifications WHERE created_at >= month AT TIME ZONE 'UTC'
        AND created_at < (month + interval '1 month') AT TIME ZONE 'UTC')
    FROM old
    WHERE (month + interval '1 month') AT TIME ZONE 'UTC' <= evently_clock() - interval '1 year'
    ORDER BY relname
"""

log = structlog.get_logger(__name__)


class NotificationsBusy(Busy):
    """A partition could not be dropped, since others use notifications all the time."""

    code = "notifications_busy"
    message = "Notifications are in use; old ones are deleted later."


def make_partitions() -> int:
    """Create the missing partitions of this month and the next three; return how many.

    The application owns no table, so a function of the owner does it. Rows in the default partition
    mean that a partition was not created in time, which is logged as a warning.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT evently_make_notification_partitions(%s)", [MONTHS_AHEAD])
        made: int = cursor.fetchone()[0]
        cursor.execute("SELECT count(*) FROM notifications_default")
        strays: int = cursor.fetchone()[0]
    if strays:
        log.warning("notifications_outside_partitions", rows=strays)
    return made


def rows_outside() -> int:
    """Return how many rows are in the default partition: 0, if partitions are made in time."""
    return int(ask("SELECT count(*) FROM notifications_default")[0])


def rows_to_drop() -> int:
    """Return how many rows the partitions have that are over a year old."""
    return sum(ask(OLD))


def drop_old() -> Iterator[int]:
    """Drop the partitions that are over a year old, one by one; yields their rows.

    Everything that reads notifications or users waits meanwhile, so this waits for its locks only
    briefly, and tries again some time later. Raises NotificationsBusy if it had none.
    """
    for rows in ask(OLD):
        for attempt in range(ATTEMPTS):
            if _drop_oldest():
                break
            time.sleep(random.uniform(0.5, 1.5) * (attempt + 1))
        else:
            raise NotificationsBusy
        yield rows


def _drop_oldest() -> bool:
    """Drop the oldest partition; return whether its locks were had in time."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_MILLISECONDS}'")
            stamp(connection)
            cursor.execute("SELECT evently_drop_notification_partition()")
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            return False
        raise
    return True
