"""Moving what belongs to an event to an archive: one transaction for each event."""

from collections.abc import Callable, Iterator
from uuid import UUID

import structlog
from django.db import DatabaseError, connection, transaction

from evently.audit.context import stamp
from evently.lifecycle.cold import LONG
from evently.lifecycle.registry import Work
from evently.metrics import sweep_failures

log = structlog.get_logger(__name__)
# Found at once; events that failed are not found again in the same run.
EVENTS_AT_ONCE = 200


def by_event(name: str, function: str, due: Callable[[UUID, int], list[UUID]]) -> Work:
    """Return the work of calling a function of the database for each event that is due.

    name: the rule's. due: takes the id after which to go on, and how many; returns the ids of
    events in order. One that fails is logged and stays due; the others go on.
    """

    def work() -> Iterator[int]:
        after = UUID(int=0)
        while ids := due(after, EVENTS_AT_ONCE):
            for event_id in ids:
                if rows := _call(name, function, event_id):
                    yield rows
            after = ids[-1]

    return work


def _call(name: str, function: str, event_id: UUID) -> int:
    """Return how many rows the function has moved; 0 where it failed."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{LONG}'")
            stamp(connection)
            cursor.execute(f"SELECT {function}(%s)", [event_id])
            return int(cursor.fetchone()[0])
    except DatabaseError:
        if not connection.is_usable():
            raise
        log.exception("lifecycle_event_failed", rule=name, event_id=str(event_id))
        sweep_failures.labels("lifecycle", "error").inc()
        return 0
