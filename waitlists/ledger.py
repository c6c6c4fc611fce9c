"""Check the seat ledger: capacity is the sum of available, booked and held seats."""

from uuid import UUID

import structlog
from django.db import connection, transaction

# It reads all bookings that hold seats, which takes longer than a request may.
CHECK_TIMEOUT = "240s"
OUT_OF_BALANCE = """
    WITH taken AS (
        SELECT event_id, sum(quantity) AS seats FROM (
            SELECT event_id, quantity FROM bookings_with_archived
            WHERE status IN ('pending', 'confirmed')
            UNION ALL
            SELECT event_id, seats FROM archived_totals WHERE status IN ('pending', 'confirmed')
            UNION ALL
            SELECT event_id, quantity FROM waitlist_promotions WHERE status = 'pending'
        ) parts GROUP BY event_id
    )
    SELECT e.id FROM events e LEFT JOIN taken ON taken.event_id = e.id
    WHERE e.total_capacity <> e.available_seats + coalesce(taken.seats, 0)
    ORDER BY e.id
"""

log = structlog.get_logger(__name__)


def events_out_of_balance() -> list[UUID]:
    """Return the ids of events whose seats do not add up, from one consistent look at all."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{CHECK_TIMEOUT}'")
        cursor.execute(OUT_OF_BALANCE)
        found = [event_id for (event_id,) in cursor.fetchall()]
    for event_id in found:
        log.error("seats_out_of_balance", event_id=str(event_id))
    return found
