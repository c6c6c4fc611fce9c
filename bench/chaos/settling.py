"""Wait until everything that a round has caused is done."""

import time
from typing import Any

from bench.chaos.site import Site

PATIENCE_SECONDS = 120
PAUSE_SECONDS = 0.25
# Tasks that are being carried out are waited for, longer those that are tried again soon. One whose
# worker was killed is redelivered after minutes, and periodic tasks make up for it before.
BEGUN_SECONDS, TRIED_AGAIN_SECONDS = 8.0, 20.0
NOT_TRIED_AGAIN = b'"eta": null'
# Without progress for so long, what waits for its next attempt is tried now.
STEADY_SECONDS = 2.0

PENDING = "SELECT count(*) FROM notifications WHERE status = 'pending'"
OVERDUE = """
    SELECT count(*) FROM waitlist_promotions
    WHERE status = 'pending' AND expires_at < evently_clock()
"""
# A cancellation whose task was lost, or found the event locked, is continued within half a minute.
CANCELLING = """
    SELECT count(*) FROM events e WHERE status = 'cancelled' AND (
        EXISTS (SELECT FROM bookings WHERE event_id = e.id AND status <> 'cancelled')
        OR EXISTS (SELECT FROM waitlists
            WHERE event_id = e.id AND status IN ('waiting', 'promoted')))
"""
# The pauses between attempts grow from half a minute on; a round does not wait for them.
HURRY = (
    "UPDATE notifications SET next_attempt_at = evently_clock()"
    " WHERE status = 'pending' AND next_attempt_at > evently_clock()",
    "UPDATE email_delivery_log SET next_attempt_at = evently_clock()"
    " WHERE status = 'pending' AND next_attempt_at > evently_clock()",
)


def left(site: Site, database: Any, *, started: float) -> dict[str, int]:
    """Return how much is left to do, by what it is. started: when the wait began."""
    from django.conf import settings

    ((emails,),) = database.execute(PENDING).fetchall()
    ((offers,),) = database.execute(OVERDUE).fetchall()
    ((cancelling,),) = database.execute(CANCELLING).fetchall()
    broker = site.broker()
    try:
        queued = sum(broker.llen(queue.name) for queue in settings.CELERY_TASK_QUEUES)
        begun = broker.hvals("unacked")
    finally:
        broker.close()
    tried_again = any(NOT_TRIED_AGAIN not in task for task in begun)
    seconds = TRIED_AGAIN_SECONDS if tried_again else BEGUN_SECONDS
    is_waited_for = time.monotonic() - started < seconds
    awaited = max(len(begun) - site.abandoned_tasks, 0) if is_waited_for else 0
    site.abandoned_tasks = len(begun) - awaited
    return {
        "emails": emails,
        "offers": offers,
        "cancellations": cancelling,
        "tasks": queued + awaited,
    }


def settle(site: Site) -> tuple[float, dict[str, int]]:
    """Wait until nothing is left; return the seconds, and what is left after a long time."""
    started = steady = time.monotonic()
    before: dict[str, int] = {}
    with site.database() as database:
        while any((now := left(site, database, started=started)).values()):
            if time.monotonic() - started > PATIENCE_SECONDS:
                return time.monotonic() - started, now
            if now != before:
                before, steady = now, time.monotonic()
            elif time.monotonic() - steady > STEADY_SECONDS:
                steady = time.monotonic()
                for statement in HURRY:
                    database.execute(statement)
            time.sleep(PAUSE_SECONDS)
    return time.monotonic() - started, {}
