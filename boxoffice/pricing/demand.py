"""The demand for events, as the price rule looks at it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from events.models import Event
from events.pricing.rule import DAY, WEEK, Demand

# Of each event: the seats of bookings of the last day and week, cancelled ones left out, and those
# that its waitlist wants. A place that is not confirmed may be another person's doing: it moves no
# price.
DEMAND = """
    SELECT wanted.id, sold.last_day, sold.last_week, waiting.seats
    FROM unnest(%s::uuid[]) AS wanted (id)
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(quantity) FILTER (WHERE created_at > %s), 0), coalesce(sum(quantity), 0)
        FROM bookings
        WHERE event_id = wanted.id AND created_at > %s AND created_at <= %s
            AND status <> 'cancelled'
    ) AS sold (last_day, last_week)
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(quantity), 0) FROM waitlists
        WHERE event_id = wanted.id AND status = 'waiting' AND confirmed_at IS NOT NULL
    ) AS waiting (seats)
"""


def demand_of(event: Event, *, at: datetime) -> Demand:
    """Return the demand for a published event at a time, which is not in the past."""
    return demands([event], at=at)[event.pk]


def demands(events: Sequence[Event], *, at: datetime) -> dict[UUID, Demand]:
    """Return the demand for published events at a time, in one query; as `demand_of`."""
    ids = [event.pk for event in events]
    with connection.cursor() as cursor:
        cursor.execute(DEMAND, [ids, at - DAY, at - WEEK, at])
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    return {
        event.pk: Demand(
            at=at,
            sales_open_at=event.sales_open_at or at,
            sales_close_at=event.sales_close_at,
            capacity=event.total_capacity,
            taken=event.total_capacity - event.available_seats,
            sold_last_day=found[event.pk][0],
            sold_last_week=found[event.pk][1],
            waiting_seats=found[event.pk][2],
        )
        for event in events
    }
