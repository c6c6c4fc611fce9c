"""Ten years of events with all that belongs to them, written by plain SQL as the owner."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

BOOKINGS_PER_EVENT = 50
YEARS = 10
Connection = psycopg.Connection[Any]

# Filled as they are in the end: nothing is taken, ranked, recorded or logged once more.
TABLES = (
    *("events", "bookings", "tickets", "payments", "booking_attempts", "pricing_history"),
    *("waitlists", "waitlist_promotions", "notifications", "email_delivery_log"),
    *("message_keys", "audit_log"),
)
EVENTS = """
    CREATE TEMPORARY TABLE plan AS
    SELECT evently_uuid7() AS id, n, %(start)s::timestamptz + n * (%(span)s::interval / %(events)s)
        AS starts
    FROM generate_series(0, %(events)s - 1) n;
    CREATE INDEX ON plan (n);
    CREATE FUNCTION pg_temp.person(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
        SELECT (%(users)s::uuid[])[1 + n %% cardinality(%(users)s::uuid[])]
    $$;
    INSERT INTO events (id, name, venue, event_date, total_capacity, available_seats, base_price,
        current_price, status, created_by_id, created_at, published_at)
    SELECT id, 'Event ' || n, 'Hall', starts, 200, 0, 20, 20, 'completed', %(organizer)s,
        starts - interval '90 days', starts - interval '80 days'
    FROM plan;
"""
BOOKINGS = """
    INSERT INTO bookings (id, organizer_id, user_id, event_id, quantity, unit_price, total_amount,
        status, booking_reference, created_at, cancelled_at, cancelled_by, cancel_reason)
    SELECT evently_uuid7(), %(organizer)s, pg_temp.person(n * 50 + k),
        id, 1 + k %% 3, 20, 20 * (1 + k %% 3),
        CASE WHEN k %% 10 = 0 THEN 'cancelled' ELSE 'confirmed' END,
        'EVT' || to_char(starts, 'YYYYMMDD') || lpad((n * 50 + k)::text, 10, '0'),
        starts - k * interval '1 day',
        CASE WHEN k %% 10 = 0 THEN starts - interval '1 hour' END,
        CASE WHEN k %% 10 = 0 THEN 'attendee' END,
        CASE WHEN k %% 10 = 0 THEN 'Ill since ' || k ELSE '' END
    FROM plan, generate_series(1, 50) k ORDER BY n, k;
    INSERT INTO tickets (organizer_id, user_id, event_id, booking_id, secret, cancelled_at)
    SELECT organizer_id, user_id, event_id, id, md5(id::text || s), cancelled_at
    FROM bookings, generate_series(1, quantity) s;
    INSERT INTO payments (organizer_id, user_id, event_id, booking_id, provider, kind,
        provider_reference, amount, currency, status, created_at)
    SELECT organizer_id, user_id, event_id, id, 'manual', 'charge', id::text, total_amount, 'EUR',
        'succeeded', created_at
    FROM bookings WHERE status = 'confirmed' AND quantity = 2;
    INSERT INTO booking_attempts (organizer_id, event_id, user_id, booking_id, quantity, result,
        attempted_at, ip_address, user_agent)
    SELECT organizer_id, event_id, user_id, id, quantity, 'success', created_at, '192.0.2.1',
        'Browser'
    FROM bookings ORDER BY created_at;
    UPDATE events e SET available_seats = total_capacity - b.seats FROM (
        SELECT event_id, sum(quantity) AS seats FROM bookings WHERE status = 'confirmed'
        GROUP BY event_id) b WHERE b.event_id = e.id;
"""
OTHERS = """
    INSERT INTO pricing_history (organizer_id, event_id, old_price, new_price, reason, applied_by,
        applied_at)
    SELECT %(organizer)s, id, old, new, 'rule', 'evently', starts - interval '30 days' + after
    FROM plan, (VALUES (10, 12, interval '0'), (12, 15, interval '1 minute'),
        (15, 11, interval '2 minutes'), (11, 20, interval '5 days')) c (old, new, after)
    ORDER BY starts;
    INSERT INTO waitlists (organizer_id, user_id, event_id, status, unit_price, joined_at,
        confirmed_at, notify_prefs)
    SELECT %(organizer)s, pg_temp.person(n * 50 + j), id,
        (ARRAY['left', 'expired', 'booked'])[j], 20, starts - interval '20 days',
        starts - interval '20 days', '{}'
    FROM plan, generate_series(1, 3) j;
    INSERT INTO waitlist_promotions (organizer_id, waitlist_id, event_id, user_id, status, quantity,
        unit_price, window_minutes, promoted_at, expires_at, booking_id)
    SELECT w.organizer_id, w.id, w.event_id, w.user_id,
        CASE w.status WHEN 'booked' THEN 'used' ELSE 'expired' END,
        1, 20, 60, w.joined_at, w.joined_at + interval '1 hour', b.id
    FROM waitlists w LEFT JOIN LATERAL (SELECT id FROM bookings b WHERE b.event_id = w.event_id
        AND b.user_id = w.user_id AND w.status = 'booked' LIMIT 1) b ON true
    WHERE w.status = 'expired' OR b.id IS NOT NULL;
    INSERT INTO notifications (user_id, event_id, type, message, created_at, status)
    SELECT user_id, event_id, 'booking_confirm', 'Booked', created_at, 'sent' FROM bookings;
    INSERT INTO email_delivery_log (user_id, event_id, template_type, status, created_at)
    SELECT user_id, event_id, 'booking_confirm', 'sent', created_at FROM bookings
    ORDER BY created_at;
    INSERT INTO message_keys (user_id, key, notification_id, created_at)
    SELECT user_id, id::text, id, created_at FROM bookings ORDER BY created_at;
    INSERT INTO audit_log (at, table_name, row_id, event_id, organizer_id, action, kind, after,
        actor, via)
    SELECT created_at, 'bookings', id, event_id, organizer_id, 'insert', 'created',
        jsonb_build_object('user_id', user_id, 'quantity', quantity, 'cancel_reason', 'secret'),
        user_id::text, 'page'
    FROM bookings ORDER BY created_at;
    DROP TABLE plan;
"""


@dataclass(frozen=True)
class MadeUp:
    """What was made. start, end: of the first and the last event."""

    start: datetime
    end: datetime
    events: int


def fill(
    owner: Connection, *, bookings: int, start: datetime, users: list[UUID], years: int = YEARS
) -> MadeUp:
    """Write years of events, the first at `start`; users: with keys, the first organizes.

    In one transaction of the owner, which it does not commit.
    """
    events = max(24, bookings // BOOKINGS_PER_EVENT)
    span = timedelta(days=365.25 * years)
    given = {
        "start": start,
        "span": span,
        "events": events,
        "organizer": users[0],
        "users": users,
    }
    _make_partitions(owner, start - timedelta(days=60), start + span)
    for table in TABLES:
        owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    cursor = psycopg.ClientCursor(owner)
    for statements in (EVENTS, BOOKINGS, OTHERS):
        cursor.execute(statements, given)
    owner.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table in TABLES:
        owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    return MadeUp(start, start + span, events)


def _make_partitions(owner: Connection, first: datetime, last: datetime) -> None:
    """Make the partitions of notifications of past years, as their months would have made them."""
    at = first
    while at < last:
        set_clock(owner, at)
        owner.execute("SELECT evently_make_notification_partitions(24)")
        at += timedelta(days=700)


def set_clock(owner: Connection, at: datetime) -> None:
    """Let the database's clock stand still at a moment."""
    owner.execute(
        "CREATE OR REPLACE FUNCTION evently_clock() RETURNS timestamptz LANGUAGE sql STABLE"
        f" PARALLEL SAFE AS 'SELECT timestamptz ''{at.isoformat()}'''"
    )
