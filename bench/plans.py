"""Check that the queries of bookings, pages and periodic tasks use an index.

    python bench/plans.py --rows 200000

Fills a database of its own with bookings, waitlist entries and offers, and explains the queries.
Exits with 1 if one of them reads a large table sequentially.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.throwaway import throwaway_database

EVENTS = 200
LARGE = {"bookings", "tickets", "booking_attempts", "waitlists", "waitlist_promotions"}

# As the owner, and without triggers, since only reads are measured.
FILL = """
    SET statement_timeout = 0;
    ALTER TABLE bookings DISABLE TRIGGER USER;
    ALTER TABLE tickets DISABLE TRIGGER USER;
    ALTER TABLE waitlists DISABLE TRIGGER USER;
    ALTER TABLE waitlist_promotions DISABLE TRIGGER USER;
    INSERT INTO users (email, name) SELECT x, x
        FROM (SELECT 'sealed:v1:' || repeat('x', 40) AS x) s, generate_series(1, {people});
    INSERT INTO events (name, venue, event_date, total_capacity, created_by_id, published_at)
        SELECT 'Evening ' || n, 'Old Mill', now() + n * interval '1 hour', 100000,
            (SELECT id FROM users LIMIT 1), now() FROM generate_series(1, {events}) n;
    CREATE TEMP TABLE e AS SELECT id, row_number() OVER () - 1 AS n FROM events;
    CREATE TEMP TABLE u AS SELECT id, row_number() OVER () - 1 AS n FROM users;
    CREATE INDEX ON e (n); CREATE INDEX ON u (n);
    ANALYZE e; ANALYZE u;
    INSERT INTO bookings (event_id, user_id, quantity, total_amount, booking_reference, created_at,
            status, cancelled_at)
        SELECT e.id, u.id, 1, 0, 'EVT' || g, now() - g * interval '1 minute',
            CASE WHEN g % 10 = 0 THEN 'cancelled' ELSE 'confirmed' END,
            CASE WHEN g % 10 = 0 THEN now() END
        FROM generate_series(1, {rows}) g JOIN e ON e.n = g % {events} JOIN u ON u.n = g % {people};
    INSERT INTO tickets (booking_id, event_id) SELECT id, event_id FROM bookings;
    INSERT INTO booking_attempts (event_id, user_id, result, booking_id, failure_reason)
        SELECT event_id, user_id, 'success', id, NULL FROM bookings;
    INSERT INTO waitlists (event_id, user_id, position, status)
        SELECT e.id, u.id, CASE WHEN u.n % 3 = 0 THEN u.n + 1 END,
            CASE WHEN u.n % 3 = 0 THEN 'waiting' ELSE 'left' END
        FROM e, u WHERE u.n < {rows} / {events};
    INSERT INTO waitlist_promotions (event_id, user_id, waitlist_id, quantity, expires_at,
            window_minutes, status)
        SELECT event_id, user_id, id, 1, now() + interval '1 day', 60,
            CASE WHEN position IS NULL THEN 'expired' ELSE 'pending' END FROM waitlists;
    ALTER TABLE bookings ENABLE TRIGGER USER;
    ALTER TABLE tickets ENABLE TRIGGER USER;
    ALTER TABLE waitlists ENABLE TRIGGER USER;
    ALTER TABLE waitlist_promotions ENABLE TRIGGER USER;
    ANALYZE;
"""
EVENT = "(SELECT id FROM events LIMIT 1)"
PERSON = "(SELECT user_id FROM bookings LIMIT 1)"
QUERIES = {
    "booked seats of a user": f"SELECT sum(quantity) FROM bookings WHERE user_id = {PERSON}"
    f" AND event_id = {EVENT} AND status IN ('pending', 'confirmed')",
    "offered seats of a user": "SELECT sum(quantity) FROM waitlist_promotions"
    f" WHERE event_id = {EVENT} AND user_id = {PERSON} AND status = 'pending'",
    "whether a waitlist entry fits": f"SELECT FROM waitlists WHERE event_id = {EVENT}"
    " AND status = 'waiting' AND min_quantity <= 0 LIMIT 1",
    "the next waitlist entry": f"SELECT * FROM waitlists WHERE event_id = {EVENT}"
    " AND status = 'waiting' AND min_quantity <= 1"
    " ORDER BY priority_score DESC, coalesce(ranked_at, joined_at), id LIMIT 1",
    "position on the waitlist": "SELECT count(*) FROM waitlists WHERE status = 'waiting'"
    f" AND event_id = {EVENT} AND position < 50",
    "the offer of a booking": "SELECT FROM waitlist_promotions WHERE"
    " booking_id = (SELECT id FROM bookings LIMIT 1)",
    "the open offer of an entry": "SELECT * FROM waitlist_promotions WHERE"
    f" event_id = {EVENT} AND waitlist_id = (SELECT id FROM waitlists LIMIT 1)"
    " AND status = 'pending'",
    "tickets of a booking": "SELECT * FROM tickets WHERE"
    f" booking_id = (SELECT id FROM bookings LIMIT 1) AND event_id = {EVENT}",
    "attempts of a booking, to delete it": "SELECT FROM booking_attempts WHERE"
    " booking_id = (SELECT id FROM bookings LIMIT 1)",
    "attempts of an event, to delete it": f"SELECT FROM booking_attempts WHERE event_id = {EVENT}",
    "attempts of a user, to delete them": f"SELECT FROM booking_attempts WHERE user_id = {PERSON}",
    "bookings of a user, newest first": f"SELECT * FROM bookings WHERE user_id = {PERSON}"
    " ORDER BY created_at DESC, id DESC LIMIT 20",
    "bookings of an event": f"SELECT * FROM bookings WHERE event_id = {EVENT}"
    " ORDER BY created_at LIMIT 20",
    "waitlist entries of a user": f"SELECT * FROM waitlists WHERE user_id = {PERSON}"
    " ORDER BY joined_at DESC, id DESC",
    "offers of a user": f"SELECT * FROM waitlist_promotions WHERE user_id = {PERSON}"
    " ORDER BY promoted_at DESC, id DESC",
    "overdue offers": "SELECT DISTINCT event_id FROM waitlist_promotions"
    " WHERE status = 'pending' AND expires_at <= (SELECT evently_clock())",
    "overdue bookings": "SELECT DISTINCT event_id FROM bookings WHERE status = 'pending'"
    " AND expires_at <= evently_clock()",
    "latest bookings": "SELECT * FROM bookings ORDER BY created_at DESC LIMIT 20",
    "booking by reference": f"SELECT * FROM bookings WHERE booking_reference = 'EVT77'"
    f" AND event_id = {EVENT}",
    "upcoming events": "SELECT * FROM events WHERE status = 'active'"
    " AND published_at IS NOT NULL AND event_date > now() ORDER BY event_date, id LIMIT 20",
}


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        # An InitPlan only picks a value to filter by.
        if child.get("Parent Relationship") != "InitPlan":
            yield from nodes(child)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=200_000)
    rows = parser.parse_args().rows
    failures = 0
    with (
        throwaway_database() as environment,
        psycopg.connect(environment["DATABASE_OWNER_URL"], autocommit=True) as database,
    ):
        fill = FILL.format(rows=rows, events=EVENTS, people=max(rows // 40, 1000))
        for statement in fill.split(";\n"):
            database.execute(statement)
        for name, query in QUERIES.items():
            ((explained,),) = database.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}").fetchall()
            plan = explained[0]["Plan"]
            scanned = {
                node["Relation Name"]
                for node in nodes(plan)
                if node["Node Type"] == "Seq Scan" and node["Relation Name"] in LARGE
            }
            used = sorted({node["Index Name"] for node in nodes(plan) if "Index Name" in node})
            failures += bool(scanned)
            finding = f"SEQUENTIAL SCAN OF {sorted(scanned)}" if scanned else ", ".join(used)
            print(f"{explained[0]['Execution Time']:8.2f} ms  {name:42} {finding}")
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
