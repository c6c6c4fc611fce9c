"""Wait until everything that operations have caused is done: their cost is not over before."""

import time

from bench.stage.servers import Servers

# The bare functions put their emails off for longer.
DUE = """
    SELECT count(*) FROM notifications
    WHERE status = 'pending' AND next_attempt_at < evently_clock() + interval '10 years'
"""
PAUSE_SECONDS = 0.1
PATIENCE_SECONDS = 600


class NotSettled(Exception):
    """Emails or tasks were left after a long time."""


def unfinished(servers: Servers) -> dict[str, int]:
    """Return how many emails are to be sent, and how many tasks are queued or being carried out."""
    from django.conf import settings

    ((due,),) = servers.database.execute(DUE).fetchall()
    queued = sum(servers.broker.llen(queue.name) for queue in settings.CELERY_TASK_QUEUES)
    return {"emails": due, "tasks": queued + servers.broker.hlen("unacked")}


def settle(servers: Servers, *, patience_seconds: float = PATIENCE_SECONDS) -> float:
    """Wait until no email is due and no task is left; return the seconds that it took.

    Raises NotSettled.
    """
    started = time.monotonic()
    while any(left := unfinished(servers).values()):
        if time.monotonic() - started > patience_seconds:
            raise NotSettled(f"left after {patience_seconds} s: {left}")
        time.sleep(PAUSE_SECONDS)
    return time.monotonic() - started
