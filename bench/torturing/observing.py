"""Invariants, as queries that must find no rows; each check uses one snapshot."""

import time
from multiprocessing.queues import Queue
from typing import Any
from uuid import UUID

from django.db import connection, connections

from bench.torturing.following import Follower, follow_all

# Some of these hold only for waitlist entries that no organizer has moved, and for offers that none
# has made by hand.
VIOLATIONS = {
    "ledger out of balance": """
        SELECT e.id, e.total_capacity, e.available_seats, b.seats, p.seats FROM events e,
        LATERAL (SELECT coalesce(sum(quantity), 0) AS seats FROM bookings
            WHERE event_id = e.id AND status IN ('pending', 'confirmed')) b,
        LATERAL (SELECT coalesce(sum(quantity), 0) AS seats FROM waitlist_promotions
            WHERE event_id = e.id AND status = 'pending') p
        WHERE e.total_capacity <> e.available_seats + b.seats + p.seats
    """,
    "wrong positions": """
        SELECT * FROM (SELECT event_id, id, status, position, CASE WHEN status = 'waiting' THEN
            row_number() OVER (PARTITION BY event_id, status = 'waiting'
                ORDER BY priority_score DESC, coalesce(ranked_at, joined_at), id) END AS rank
            FROM waitlists) w
        WHERE position IS DISTINCT FROM rank
    """,
    "waiting entry fits into available seats": """
        SELECT e.id, e.available_seats, w.id, w.min_quantity, w.joined_at
        FROM events e JOIN waitlists w ON w.event_id = e.id
        WHERE w.status = 'waiting' AND w.min_quantity <= e.available_seats
            AND w.confirmed_at IS NOT NULL
            AND NOT EXISTS (
                SELECT FROM waitlists r JOIN lines l ON l.event_id = r.event_id
                WHERE r.event_id = e.id AND r.status = 'waiting' AND r.confirmed_at IS NOT NULL
                    AND r.min_quantity <= e.total_capacity
                    AND r.passed_over + l.public_sales - r.public_sales_before >= e.max_passes
                    AND evently_clock() < evently_line_closes_at(e) - interval '24 hours'
                    AND (r.priority_score > w.priority_score
                        OR r.priority_score = w.priority_score
                        AND (coalesce(r.ranked_at, r.joined_at), r.id)
                            < (coalesce(w.ranked_at, w.joined_at), w.id)))
            AND e.status = 'active' AND e.published_at IS NOT NULL
            AND e.event_date > evently_clock()
            AND coalesce(e.sales_end_at > evently_clock(), true)
            AND coalesce(e.sales_start_at <= evently_clock(), true)
    """,
    "offer accepted after it expired": """
        SELECT id, expires_at, ended_at FROM waitlist_promotions
        WHERE status = 'used' AND ended_at >= expires_at
    """,
    "offer passed over an entry ahead that fits": """
        SELECT p.id, p.quantity, w.id, w.min_quantity FROM waitlist_promotions p
        JOIN waitlists e ON e.id = p.waitlist_id
        JOIN waitlists w ON w.event_id = p.event_id AND w.status = 'waiting'
        WHERE p.status = 'pending' AND p.organizer_reason = '' AND e.ranked_at IS NULL
            AND w.priority_reason = '' AND w.joined_at < p.promoted_at
            AND w.confirmed_at < p.promoted_at
            -- With an offer of its own at that time, it may wait on for the rest now.
            AND NOT EXISTS (SELECT FROM waitlist_promotions q WHERE q.waitlist_id = w.id)
            AND w.min_quantity <= p.quantity
            AND (e.priority_score < 0
                OR e.priority_score = 0 AND (w.joined_at, w.id) < (e.joined_at, e.id))
    """,
    "booking passed over a waiting entry that fits": """
        SELECT b.id, b.quantity, w.id, w.min_quantity FROM bookings b
        JOIN waitlists w ON w.event_id = b.event_id AND w.status = 'waiting'
        WHERE b.status = 'confirmed' AND w.joined_at < b.created_at
            AND w.confirmed_at < b.created_at AND w.min_quantity <= b.quantity
            AND NOT EXISTS (SELECT FROM waitlist_promotions p WHERE p.booking_id = b.id)
            AND NOT EXISTS (SELECT FROM waitlist_promotions q WHERE q.waitlist_id = w.id)
    """,
    "active tickets differ from seats": """
        SELECT b.id, b.status, b.quantity FROM bookings b
        LEFT JOIN tickets t ON t.booking_id = b.id AND t.cancelled_at IS NULL
        GROUP BY b.id HAVING count(t.id) <>
            CASE WHEN b.status = 'cancelled' THEN 0 ELSE b.quantity END
    """,
    "entry and offers disagree": """
        SELECT w.id, w.status, count(p.id) FROM waitlists w
        LEFT JOIN waitlist_promotions p ON p.waitlist_id = w.id AND p.status = 'pending'
        GROUP BY w.id HAVING count(p.id) <> CASE WHEN w.status = 'promoted' THEN 1 ELSE 0 END
    """,
    "more seats than the limit per person": """
        SELECT e.id, s.user_id, sum(s.seats) FROM events e JOIN (
            SELECT event_id, user_id, quantity AS seats FROM bookings WHERE status <> 'cancelled'
            UNION ALL SELECT event_id, user_id, quantity FROM waitlists
                WHERE status IN ('waiting', 'promoted')
        ) s ON s.event_id = e.id
        GROUP BY e.id, s.user_id HAVING sum(s.seats) > e.max_per_person
    """,
    "deleted user has an upcoming booking, entry or offer": """
        SELECT u.id, s.kind, s.id FROM users u JOIN (
            SELECT b.user_id, 'booking' AS kind, b.id FROM bookings b
            JOIN events e ON e.id = b.event_id
            WHERE b.status <> 'cancelled' AND e.status = 'active'
                AND e.event_date > evently_clock()
            UNION ALL SELECT user_id, 'waitlist entry', id FROM waitlists WHERE status = 'waiting'
            UNION ALL SELECT user_id, 'offer', id FROM waitlist_promotions
                WHERE status = 'pending'
        ) s ON s.user_id = u.id
        WHERE u.deleted_at IS NOT NULL
    """,
    "used offer without its booking": """
        SELECT p.id FROM waitlist_promotions p LEFT JOIN bookings b ON b.id = p.booking_id
        WHERE p.status = 'used' AND (b.id IS NULL OR b.user_id <> p.user_id)
    """,
    "booking costs more than offered": """
        SELECT b.id, b.unit_price, p.unit_price FROM bookings b
        JOIN waitlist_promotions p ON p.booking_id = b.id WHERE b.unit_price > p.unit_price
    """,
}


def look(followers: dict[UUID, Follower]) -> dict[str, list[Any]]:
    """Return the violating rows by invariant, from one snapshot.

    followers: of the public records read so far.
    """
    wrong: dict[str, list[Any]] = {}
    with connection.cursor() as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        try:
            for name, query in VIOLATIONS.items():
                cursor.execute(query)
                if rows := cursor.fetchall():
                    wrong[name] = [[str(value) for value in row] for row in rows]
            if rows := follow_all(followers):
                wrong["record of a line is wrong"] = rows
        finally:
            cursor.execute("ROLLBACK")
    return wrong


def look_until(ends: float, queue: "Queue[dict[str, Any]]") -> None:
    """Check until then, and report the rows of each invariant's first violation."""
    looks, wrong = 0, {}
    followers: dict[UUID, Follower] = {}
    while time.time() < ends:
        for name, rows in look(followers).items():
            wrong.setdefault(name, [f"look {looks}", *rows])
        looks += 1
        time.sleep(0.02)
    connections.close_all()
    records = sum(follower.seq for follower in followers.values())
    queue.put({"looks": looks, "wrong": wrong, "records": records})
