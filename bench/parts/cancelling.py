"""How long an event's row stays locked while the event is cancelled with all its bookings.

A second connection locks the row over and over; its longest wait is the longest lock.
"""

import threading
import time
from typing import Any
from uuid import UUID

from bench.measures import Stage
from bench.people import add_people_by_sql, book_by_sql, events_on_sale
from boxoffice.lifecycle.operations.events import cancel_event

LONGEST_LOCK = "longest lock while an event is cancelled, s"
PAUSE_SECONDS = 0.005
BATCH = 250
LOCK = "SELECT FROM events WHERE id = %s FOR NO KEY UPDATE"
LEFT = "SELECT count(*) FROM bookings WHERE event_id = %s AND status <> 'cancelled'"


class Waiter(threading.Thread):
    """Locks an event's row over and over, and remembers the longest wait."""

    def __init__(self, database: Any, event: UUID) -> None:
        super().__init__(daemon=True)
        self.database, self.event = database, event
        self.longest = 0.0
        self.is_over = threading.Event()

    def run(self) -> None:
        while not self.is_over.is_set():
            started = time.perf_counter()
            with self.database.transaction():
                self.database.execute(LOCK, [self.event])
            self.longest = max(self.longest, time.perf_counter() - started)
            time.sleep(PAUSE_SECONDS)


def measure(stage: Stage, bookings: int) -> dict[str, float]:
    """Cancel an event with so many bookings, each of another user; return seconds by name."""
    servers = stage.servers
    (event,) = events_on_sale(servers.database, 1, seats=bookings)
    people = add_people_by_sql(servers.database, bookings)
    for start in range(0, bookings, BATCH):
        # Not all in one transaction, in which the event's row would become very slow.
        some = people[start : start + BATCH]
        book_by_sql(servers.database, [(event, person) for person in some])
    servers.database.execute("ANALYZE")
    with servers.evently.database() as database:
        waiter = Waiter(database, event)
        waiter.start()
        started = time.perf_counter()
        cancel_event(event_id=event)
        while servers.database.execute(LEFT, [event]).fetchone() != (0,):
            time.sleep(0.1)
        seconds = time.perf_counter() - started
        waiter.is_over.set()
        waiter.join()
    return {LONGEST_LOCK: waiter.longest, "event cancelled with all bookings, s": seconds}
