"""Take up the messages that are due and that nobody delivered."""

from datetime import timedelta
from uuid import UUID

from django.db import connection

from evently.database import clock

MOST_AT_ONCE = 1_000
MAILS_PER_TASK = 25
# So long the rows taken up are left to their tasks, before a later sweep takes them up again.
HANDED_OVER_SECONDS = 60
# Nothing is pending longer than this, so older partitions need not be looked at.
RECENT = timedelta(days=35)

# The clock stands in a subquery, so that it is asked once and not for each row.
TAKE_UP = """
    WITH due AS (
        SELECT id, created_at FROM notifications
        WHERE status = 'pending' AND next_attempt_at <= (SELECT evently_clock())
            AND created_at > %s
        ORDER BY next_attempt_at LIMIT %s
        FOR UPDATE SKIP LOCKED
    )
    UPDATE notifications AS notification
    SET next_attempt_at = evently_clock() + make_interval(secs => %s)
    FROM due
    WHERE notification.id = due.id AND notification.created_at = due.created_at
        AND notification.created_at > %s
    RETURNING notification.id, notification.user_id
"""


def take_up_missed() -> list[tuple[UUID, UUID]]:
    """Reserve what is due for a minute, and return it as (notification id, user id).

    Two sweeps at once take up different rows. The reservation only keeps sweeps from handing the
    same row over again and again; what keeps a mail from going twice is its attempt.
    """
    since = clock.now() - RECENT
    with connection.cursor() as cursor:
        cursor.execute(TAKE_UP, [since, MOST_AT_ONCE, HANDED_OVER_SECONDS, since])
        rows: list[tuple[UUID, UUID]] = cursor.fetchall()
    return rows
