"""Check that the queries of bookings, lists, pages and periodic tasks use an index, as their roles.

    python bench/plans.py --rows 200000

Fills a database of its own: an organizer with 200 events and so many bookings, waitlist entries,
offers and emails. Explains each query under the role that runs it (`evently.row_security`), and as
the owner, whom no policy holds; then the statements of pages and tasks about emails
(`bench.email_plans`). Exits with 1 if one reads a large table sequentially or reads a setting or
calls a function for each row.
"""

import argparse
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import email_plans
from bench.role_cost.__main__ import set_up
from bench.role_cost.comparing import Comparison
from bench.throwaway import throwaway_database
from evently.database.identity import DatabaseRole, Identity

# As of the application (`evently.settings.database`).
OPTIONS = "-c jit=off -c random_page_cost=1.1"
EVENTS = 200
LARGE = {
    "bookings",
    "tickets",
    "booking_attempts",
    "waitlists",
    "waitlist_promotions",
    *email_plans.LARGE,
}

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
            (SELECT id FROM users ORDER BY id LIMIT 1), now() FROM generate_series(1, {events}) n;
    CREATE TEMP TABLE e AS
        SELECT id, created_by_id, row_number() OVER (ORDER BY id) - 1 AS n FROM events;
    CREATE TEMP TABLE u AS SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM users;
    CREATE INDEX ON e (n); CREATE INDEX ON u (n);
    ANALYZE e; ANALYZE u;
    INSERT INTO bookings (event_id, organizer_id, user_id, quantity, total_amount,
            booking_reference, created_at, status, cancelled_at)
        SELECT e.id, created_by_id, u.id, 1, 0, 'EVT' || g, now() - g * interval '1 minute',
            CASE WHEN g % 10 = 0 THEN 'cancelled' ELSE 'confirmed' END,
            CASE WHEN g % 10 = 0 THEN now() END
        FROM generate_series(1, {rows}) g JOIN e ON e.n = g % {events} JOIN u ON u.n = g % {people};
    INSERT INTO tickets (booking_id, event_id, organizer_id, user_id, secret)
        SELECT id, event_id, organizer_id, user_id, md5(id::text) FROM bookings;
    INSERT INTO booking_attempts (event_id, organizer_id, user_id, result, booking_id,
            failure_reason)
        SELECT event_id, organizer_id, user_id, 'success', id, NULL FROM bookings;
    INSERT INTO waitlists (event_id, organizer_id, user_id, unit_price, position, status)
        SELECT e.id, created_by_id, u.id, 0, CASE WHEN u.n % 3 = 0 THEN u.n + 1 END,
            CASE WHEN u.n % 3 = 0 THEN 'waiting' ELSE 'left' END
        FROM e, u WHERE u.n < {rows} / {events};
    INSERT INTO waitlist_promotions (event_id, organizer_id, user_id, waitlist_id, quantity,
            unit_price, expires_at, window_minutes, status)
        SELECT event_id, organizer_id, user_id, id, 1, 0, now() + interval '1 day', 60,
            CASE WHEN position IS NULL THEN 'expired' ELSE 'pending' END FROM waitlists;
    ALTER TABLE bookings ENABLE TRIGGER USER;
    ALTER TABLE tickets ENABLE TRIGGER USER;
    ALTER TABLE waitlists ENABLE TRIGGER USER;
    ALTER TABLE waitlist_promotions ENABLE TRIGGER USER;
    ANALYZE;
"""
# Ids that queries name.
IDS = {
    "event": "SELECT id FROM events ORDER BY id LIMIT 1",
    "organizer": "SELECT created_by_id FROM events LIMIT 1",
    "person": "SELECT user_id FROM bookings ORDER BY id LIMIT 1",
    "booking": "SELECT id FROM bookings ORDER BY id LIMIT 1",
    "entry": "SELECT id FROM waitlists ORDER BY id LIMIT 1",
}
PEOPLE = "JOIN users u ON u.id = user_id LEFT JOIN keys.person_keys k ON k.user_id = u.id"
MINE = "event_id IN (SELECT id FROM events WHERE created_by_id = {organizer})"
# By who runs them: OWNER, of functions and triggers, or a role.
OWNER = "owner"
QUERIES: dict[str, dict[str, str]] = {
    OWNER: {
        "booked seats of a user": "SELECT sum(quantity) FROM bookings WHERE user_id = {person}"
        " AND event_id = {event} AND status IN ('pending', 'confirmed')",
        "offered seats of a user": "SELECT sum(quantity) FROM waitlist_promotions"
        " WHERE event_id = {event} AND user_id = {person} AND status = 'pending'",
        "whether a waitlist entry fits": "SELECT FROM waitlists WHERE event_id = {event}"
        " AND status = 'waiting' AND min_quantity <= 0 LIMIT 1",
        "the next waitlist entry": "SELECT * FROM waitlists WHERE event_id = {event}"
        " AND status = 'waiting' AND min_quantity <= 1"
        " ORDER BY priority_score DESC, coalesce(ranked_at, joined_at), id LIMIT 1",
        "the offer of a booking": "SELECT FROM waitlist_promotions WHERE booking_id = {booking}",
        "attempts of a booking, to delete it": "SELECT FROM booking_attempts"
        " WHERE booking_id = {booking}",
        "attempts of an event, to delete it": "SELECT FROM booking_attempts"
        " WHERE event_id = {event}",
        "attempts of a user, to delete them": "SELECT FROM booking_attempts"
        " WHERE user_id = {person}",
    },
    DatabaseRole.WORKER: {
        "overdue offers": "SELECT DISTINCT event_id FROM waitlist_promotions"
        " WHERE status = 'pending' AND expires_at <= (SELECT evently_clock())",
        "overdue bookings": "SELECT DISTINCT event_id FROM bookings WHERE status = 'pending'"
        " AND expires_at <= evently_clock()",
        "sales of a week, for a price rule": "SELECT sum(quantity) FROM bookings WHERE event_id ="
        " {event} AND created_at > now() - interval '7 days' AND created_at <= now()"
        " AND status <> 'cancelled'",
        "seats waited for, for a price rule": "SELECT sum(quantity) FROM waitlists WHERE event_id ="
        " {event} AND status = 'waiting' AND confirmed_at IS NOT NULL",
    },
    DatabaseRole.SUPERUSER: {
        "latest bookings": "SELECT * FROM bookings ORDER BY created_at DESC LIMIT 20",
        "booking by reference": "SELECT * FROM bookings WHERE booking_reference = 'EVT77'"
        " AND event_id = {event}",
    },
    DatabaseRole.VISITOR: {
        "upcoming events": "SELECT * FROM events WHERE status = 'active'"
        " AND published_at IS NOT NULL AND event_date > now() ORDER BY event_date, id LIMIT 20",
        "found events": "SELECT * FROM events WHERE id = ANY (ARRAY(SELECT event_id"
        " FROM event_words WHERE vector @@ 'evening & 77'::tsquery))",
    },
    DatabaseRole.ATTENDEE: {
        "own bookings, newest first": "SELECT * FROM bookings WHERE user_id = {person}"
        " ORDER BY created_at DESC, id DESC LIMIT 20",
        "tickets of an own booking": "SELECT * FROM tickets"
        " WHERE booking_id = {booking} AND event_id = {event}",
        "own waitlist entries": "SELECT * FROM waitlists WHERE user_id = {person}"
        " ORDER BY joined_at DESC, id DESC",
        "own offers": "SELECT * FROM waitlist_promotions WHERE user_id = {person}"
        " ORDER BY promoted_at DESC, id DESC",
        "the open offer of an own entry": "SELECT * FROM waitlist_promotions WHERE"
        " event_id = {event} AND waitlist_id = {entry} AND status = 'pending'",
    },
    DatabaseRole.ORGANIZER: {
        "bookings of an event": "SELECT * FROM bookings WHERE event_id = {event}"
        " ORDER BY created_at LIMIT 20",
        "attendees of an event": f"SELECT b.*, u.*, k.* FROM bookings b {PEOPLE}"
        " WHERE b.event_id = {event} ORDER BY b.created_at LIMIT 50",
        "number of bookings of an event": "SELECT count(*) FROM bookings WHERE event_id = {event}",
        "sums of an event": "SELECT status, count(*), sum(quantity) FROM bookings"
        " WHERE event_id = {event} GROUP BY status",
        "bookings of all events": f"SELECT * FROM bookings WHERE {MINE}"
        " ORDER BY created_at DESC LIMIT 50",
        "number of bookings of all events": "SELECT count(*) FROM (SELECT FROM bookings"
        f" WHERE {MINE} LIMIT 10001) capped",
        "waitlist of an event": f"SELECT w.*, u.* FROM waitlists w {PEOPLE} WHERE w.id = ANY ("
        "ARRAY(SELECT id FROM waitlists WHERE event_id = {event} AND status = 'waiting'"
        " ORDER BY position LIMIT 50))",
        "attempts of an event": "SELECT * FROM booking_attempts WHERE event_id = {event}"
        " ORDER BY id DESC LIMIT 50",
        "offers of an event": "SELECT * FROM waitlist_promotions WHERE event_id = {event}"
        " ORDER BY promoted_at DESC, id DESC LIMIT 25",
        "tickets of a booking": "SELECT * FROM tickets"
        " WHERE booking_id = {booking} AND event_id = {event}",
    },
}
# What is read again for each row, where it stands in the condition of a scan. Whether a person is
# at an organizer's events is asked for the people of one page.
PER_ROW = re.compile(r"(current_setting|evently_(?!is_mine)\w+)\(")
CONDITIONS = ("Filter", "Join Filter", "Recheck Cond")
PEOPLE_OF_A_PAGE = 100
# So many rows may be read of any table, as when a list is counted, which ends at 10,000.
MOST_READ = 20_000


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        # An InitPlan only picks a value to filter by.
        if child.get("Parent Relationship") != "InitPlan":
            yield from nodes(child)


def findings(plan: dict[str, Any]) -> set[str]:
    """Return what is wrong with a plan."""
    found = set()
    for node in nodes(plan):
        # Partitions are called after their table.
        table = re.sub(r"^(notifications)_.*", r"\1", node.get("Relation Name", ""))
        read = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        condition = " ".join(str(node.get(name, "")) for name in CONDITIONS)
        if node["Node Type"] == "Seq Scan" and table in LARGE and read > MOST_READ:
            found.add(f"SEQUENTIAL SCAN OF {table}")
        if PER_ROW.search(condition) and table in LARGE and read > PEOPLE_OF_A_PAGE:
            found.add(f"FOR EACH ROW OF {table}: {condition}")
        if "evently_is_mine" in condition and read > PEOPLE_OF_A_PAGE:
            found.add(f"{read:.0f} PEOPLE ASKED FOR")
    return found


Session = "psycopg.Connection[Any]"


def explained(session: Session, query: str, who: str, person: str) -> Any:
    """Return the plan of a query as a role, with what it took; who: OWNER or a role."""
    with session.transaction():
        if who != OWNER:
            for statement in Identity(DatabaseRole(who), UUID(person)).statements:
                session.execute(statement.encode())
        rows = session.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}".encode()).fetchall()
    return rows[0][0][0]


def explain_queries(database: Session, application: Session, ids: dict[str, str]) -> int:
    """Print a line for each of QUERIES; return how many have a plan with a finding."""
    failures = 0
    literals = {name: f"'{value}'::uuid" for name, value in ids.items()}
    for who, queries in QUERIES.items():
        person = ids["organizer" if who == DatabaseRole.ORGANIZER else "person"]
        for name, query in queries.items():
            text = query.format(**literals)
            session = database if who == OWNER else application
            for _ in range(2):  # the first reads what is not in memory yet
                owner = explained(database, text, OWNER, person)
                role = explained(session, text, who, person)
            wrong = findings(role["Plan"])
            failures += bool(wrong)
            used = {node["Index Name"] for node in nodes(role["Plan"]) if "Index Name" in node}
            print(
                f"{owner['Execution Time']:8.2f} ms as the owner"
                f" {role['Execution Time']:8.2f} ms  {who.removeprefix('evently_'):10}{name:37}"
                f" {'; '.join(sorted(wrong or used))}"
            )
    return failures


def explain_emails(environment: dict[str, str], ids: dict[str, str]) -> int:
    """Print a line for each page and task about emails; return how many have a finding."""
    # Of each request.
    logging.disable()
    failures = 0
    comparison = Comparison(
        environment["DATABASE_OWNER_URL"], environment["DATABASE_URL"], rounds=2
    )
    for name, statements in email_plans.statements(UUID(ids["organizer"]), UUID(ids["event"])):
        milliseconds, wrong = 0.0, set()
        for statement in statements:
            for _ in range(2):
                (plan,) = comparison.plan(statement, policies=True, text=False)
            milliseconds += plan["Execution Time"]
            wrong |= findings(plan["Plan"])
        failures += bool(wrong)
        print(
            f"{milliseconds:8.2f} ms in {len(statements):2} statements  {name:50}"
            f" {'; '.join(sorted(wrong))}"
        )
    comparison.close()
    return failures


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=200_000)
    rows = parser.parse_args().rows
    with (
        throwaway_database() as environment,
        psycopg.connect(
            environment["DATABASE_OWNER_URL"], autocommit=True, options=OPTIONS
        ) as database,
        psycopg.connect(
            environment["DATABASE_URL"], autocommit=True, options=OPTIONS
        ) as application,
    ):
        fill = FILL.format(rows=rows, events=EVENTS, people=max(rows // 40, 1000))
        for statement in fill.split(";\n"):
            database.execute(statement.encode())
        ids = {
            name: str(database.execute(query.encode()).fetchall()[0][0])
            for name, query in IDS.items()
        }
        failures = explain_queries(database, application, ids)
        for statement in email_plans.FILL.split(";\n"):
            database.execute(statement.encode())
        set_up(environment)
        email_plans.name_people(database)
        failures += explain_emails(environment, ids)
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
