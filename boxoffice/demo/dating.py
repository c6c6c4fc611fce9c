"""Moves events and their rows into the past, so that the demo looks weeks old."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection, connections, transaction

from evently.audit.context import acting, stamp
from events.models import Event

# The actor of these changes in the audit log.
DEMO = "demo"
DRAFTED_BEFORE = timedelta(days=3)

BOOKINGS = """
    UPDATE bookings b SET created_at = dated.at
    FROM unnest(%(ids)s::uuid[], %(times)s::timestamptz[]) AS dated (id, at)
    WHERE b.id = dated.id AND b.event_id = %(event)s
"""
ATTEMPTS = """
    UPDATE booking_attempts a SET attempted_at = b.created_at
    FROM bookings b
    WHERE a.event_id = %(event)s AND b.event_id = a.event_id AND b.id = a.booking_id
"""
# Failed attempts, some hours apart.
REFUSALS = """
    UPDATE booking_attempts a SET attempted_at = a.attempted_at - back.rank * interval '7 hours'
    FROM (
        SELECT id, row_number() OVER (ORDER BY attempted_at DESC) AS rank FROM booking_attempts
        WHERE event_id = %(event)s AND result = 'failed'
    ) back
    WHERE a.id = back.id AND a.event_id = %(event)s
"""
PRICES = """
    UPDATE pricing_history p SET applied_at = dated.at
    FROM (
        SELECT h.id, (%(times)s::timestamptz[])[row_number() OVER (ORDER BY h.applied_at)] AS at
        FROM pricing_history h WHERE h.event_id = %(event)s
    ) dated
    WHERE p.id = dated.id AND p.event_id = %(event)s AND dated.at IS NOT NULL
"""
# As if a rule had moved the price all along.
BOUNDS = "UPDATE price_bounds SET applied_at = %(began)s WHERE event_id = %(event)s"
GUARDS = {
    "pricing_history": "trg_pricing_history_guard",
    "price_bounds": "trg_price_bounds_guard",
}


def date_back(
    *,
    event: Event,
    published_at: datetime,
    starts_at: datetime,
    bookings: Mapping[UUID, datetime],
    price_changes: Sequence[datetime],
) -> None:
    """Set the times of an event and its rows to when they should have happened.

    bookings: creation time by booking id. price_changes: times of the price changes, in order.
    """
    length = event.ends_at - event.event_date if event.ends_at else None
    with acting(actor=DEMO, via="task"), transaction.atomic():
        stamp(connection)
        Event.objects.filter(pk=event.pk).update(
            created_at=published_at - DRAFTED_BEFORE,
            published_at=published_at,
            event_date=starts_at,
            ends_at=starts_at + length if length is not None else None,
        )
        with connection.cursor() as cursor:
            values: dict[str, Any] = {
                "event": event.pk,
                "ids": list(bookings),
                "times": list(bookings.values()),
            }
            for statement in (BOOKINGS, ATTEMPTS, REFUSALS):
                cursor.execute(statement, values)
    if price_changes:
        _date_prices(event, price_changes, began=published_at)


def _date_prices(event: Event, times: Sequence[datetime], *, began: datetime) -> None:
    """Set the times of the price history, as the owner of the tables: other roles cannot change it.

    Without access as the owner, the times stay as they are, which does no harm.
    """
    try:
        with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '2s'")
            for table, guard in GUARDS.items():
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {guard}")
            cursor.execute(PRICES, {"event": event.pk, "times": list(times)})
            cursor.execute(BOUNDS, {"event": event.pk, "began": began})
            for table, guard in GUARDS.items():
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {guard}")
    except DatabaseError:
        return
