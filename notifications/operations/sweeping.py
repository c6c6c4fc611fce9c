"""Pick up notifications that are due and that no task has delivered."""

from datetime import timedelta
from uuid import UUID

from django.db import connection

from evently.database import clock

MOST_AT_ONCE = 1_000
# Fewer than in `creating`, since what was missed is often slow to send.
MISSED_EMAILS_PER_TASK = 25
# How long picked-up rows are left to their tasks, before they are picked up again.
HANDED_OVER_SECONDS = 60
# Nothing is pending for longer than this, so older partitions need not be searched.
RECENT = timedelta(days=35)

# The clock is in a subquery, so that it is read once and not for each row.
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
    """Reserve due notifications for a minute; return them as (notification id, user id).

    Concurrent calls pick up different rows. The reservation only keeps the same row from being
    enqueued again and again; what keeps an email from being sent twice is its attempt.
    """
    since = clock.now() - RECENT
    with connection.cursor() as cursor:
        cursor.execute(TAKE_UP, [since, MOST_AT_ONCE, HANDED_OVER_SECONDS, since])
        rows: list[tuple[UUID, UUID]] = cursor.fetchall()
    return rows
