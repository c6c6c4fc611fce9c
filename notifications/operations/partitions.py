"""Make the monthly partitions ahead."""

import structlog
from django.db import connection

MONTHS_AHEAD = 3

log = structlog.get_logger(__name__)


def make_partitions() -> int:
    """Make the missing partitions of this month and the next three; returns how many.

    The application owns no table, so a function of the owner does it. A default partition that
    holds rows means that nobody made one in time: that is worth an alarm.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT evently_make_notification_partitions(%s)", [MONTHS_AHEAD])
        made: int = cursor.fetchone()[0]
        cursor.execute("SELECT count(*) FROM notifications_default")
        strays: int = cursor.fetchone()[0]
    if strays:
        log.warning("notifications_outside_partitions", rows=strays)
    return made
