"""Create the monthly partitions in advance."""

import structlog
from django.db import connection

MONTHS_AHEAD = 3

log = structlog.get_logger(__name__)


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
