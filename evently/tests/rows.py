"""Rows inserted by plain SQL, as by a client without Django, and the invariants of all rows."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from evently.audit.context import stamp
from evently.tests.sql import run, value

# Passes the database's check for sealed values, but cannot be decrypted.
SEALED = "sealed:v1:" + "x" * 40

LEDGER = """
    SELECT e.id, e.total_capacity, e.available_seats,
        coalesce((SELECT sum(quantity) FROM bookings_with_archived b
            WHERE b.event_id = e.id AND b.status IN ('pending', 'confirmed')), 0)::int
        + coalesce((SELECT sum(seats) FROM archived_totals t
            WHERE t.event_id = e.id AND t.status IN ('pending', 'confirmed')), 0)::int AS booked,
        coalesce((SELECT sum(quantity) FROM waitlist_promotions p
            WHERE p.event_id = e.id AND p.status = 'pending'), 0)::int AS held
    FROM events e
"""
OUT_OF_BALANCE = (
    f"SELECT * FROM ({LEDGER}) l WHERE total_capacity <> available_seats + booked + held"
)
WRONG_POSITIONS = """
    SELECT * FROM (
        SELECT event_id, id, position, status, CASE WHEN status = 'waiting' THEN
            row_number() OVER (PARTITION BY event_id, status = 'waiting'
                ORDER BY priority_score DESC, coalesce(ranked_at, joined_at), id) END AS rank
        FROM waitlists) w
    WHERE position IS DISTINCT FROM rank
"""
# Counted before they are joined: joined by event first, all bookings of one would meet all tickets.
WRONG_TICKETS = """
    SELECT b.id, b.status, b.quantity, coalesce(t.valid, 0)
    FROM bookings b LEFT JOIN (
        SELECT booking_id, count(*) FILTER (WHERE cancelled_at IS NULL) AS valid
        FROM tickets GROUP BY booking_id
    ) t ON t.booking_id = b.id
    WHERE coalesce(t.valid, 0) <> CASE WHEN b.status = 'cancelled' THEN 0 ELSE b.quantity END
"""
# An entry passed more often than its line's bound could reserve without being found.
PASSED_TOO_OFTEN = """
    SELECT w.id, w.passed_over - w.public_sales_before, l.most_passed
    FROM waitlists w JOIN events e ON e.id = w.event_id JOIN lines l ON l.event_id = w.event_id
    WHERE w.status = 'waiting' AND w.confirmed_at IS NOT NULL
        AND w.min_quantity <= e.total_capacity
        AND w.passed_over - w.public_sales_before > l.most_passed
"""


def insert(table: str, **columns: Any) -> UUID:
    """Insert one row; return its id."""
    names = ", ".join(columns)
    marks = ", ".join(["%s"] * len(columns))
    return value(f"INSERT INTO {table} ({names}) VALUES ({marks}) RETURNING id", *columns.values())


def people(count: int) -> list[UUID]:
    """Insert users with proved addresses, in one statement."""
    rows = run(
        "INSERT INTO users (email, name, email_verified_at)"
        " SELECT %s, %s, now() FROM generate_series(1, %s) RETURNING id",
        SEALED,
        SEALED,
        count,
    )
    return [row[0] for row in rows]


def person() -> UUID:
    return people(1)[0]


def event(**columns: Any) -> UUID:
    """Insert an event on sale, free, ten seats, a month away; return its id."""
    given = {
        "name": "Evening",
        "venue": "Old Mill",
        "total_capacity": 10,
        "created_by_id": columns.pop("created_by_id", None) or person(),
        "created_at": value("SELECT now() - interval '1 day'"),
        "published_at": value("SELECT now() - interval '1 hour'"),
        "event_date": value("SELECT now() + interval '30 days'"),
    }
    return insert("events", **(given | columns))


def logo_columns(**columns: Any) -> dict[str, Any]:
    """Return the columns of a logo, beside its event; its file is no more than a beginning."""
    content = columns.pop("content", b"\x89PNG\r\n\x1a\n")
    return {
        "content": content,
        "content_type": "image/png",
        "width": 200,
        "height": 80,
        "digest": hashlib.sha256(content).digest(),
        **columns,
    }


def price_rule(event_id: UUID, **columns: Any) -> UUID:
    """Insert a price rule that is on: steps of 2, an hour apart; return its id.

    columns: floor and ceiling, around the event's price, and others.
    """
    given = {
        "enabled": True,
        "max_step": 2,
        "step_kind": "amount",
        "min_interval_minutes": 60,
        "rounding_unit": 1,
        "rounding_ending": 0,
        "weight_sold": 50,
        "weight_pace": 50,
        "weight_waitlist": 50,
        "expected_percent": 100,
        "plan": list(range(0, 101, 10)),
    }
    return insert("pricing_rules", event_id=event_id, **(given | columns))


def book(event_id: UUID, quantity: int = 1, user_id: UUID | None = None, **columns: Any) -> UUID:
    """Book seats with a plain INSERT; return the booking's id."""
    price = columns.setdefault("unit_price", 0)
    columns.setdefault("total_amount", price * quantity)
    return insert(
        "bookings",
        event_id=event_id,
        user_id=user_id or person(),
        quantity=quantity,
        **columns,
    )


def wait(event_id: UUID, quantity: int = 1, user_id: UUID | None = None, **columns: Any) -> UUID:
    """Join the waitlist with a plain INSERT, as the application does; return the entry's id."""
    columns.setdefault("min_quantity", quantity)
    columns.setdefault("confirmed_at", value("SELECT evently_clock()"))
    with as_application():
        return insert(
            "waitlists",
            event_id=event_id,
            user_id=user_id or person(),
            quantity=quantity,
            **columns,
        )


@contextmanager
def as_application() -> Iterator[None]:
    """Sign the statements of the block, as the application does with all of its own."""
    with transaction.atomic():
        before = value("SELECT current_setting('evently.signature', true)")
        stamp(connection)
        yield
        run("SELECT set_config('evently.signature', %s, true)", before or "")


def offer(entry_id: UUID, quantity: int = 1, **columns: Any) -> UUID:
    """Offer seats to an entry with plain SQL, as the operation does; return the offer's id."""
    ((event_id, user_id),) = run("SELECT event_id, user_id FROM waitlists WHERE id = %s", entry_id)
    columns.setdefault("expires_at", value("SELECT evently_clock() + interval '1 hour'"))
    run("UPDATE waitlists SET status = 'promoted' WHERE id = %s", entry_id)
    return insert(
        "waitlist_promotions",
        event_id=event_id,
        user_id=user_id,
        waitlist_id=entry_id,
        quantity=quantity,
        window_minutes=60,
        **columns,
    )


def end_offer(promotion_id: UUID, status: str, **columns: Any) -> None:
    """End an offer with plain SQL, and its entry with it, as the operations do."""
    given = {"status": status} | columns
    changes = ", ".join(f"{name} = %s" for name in given)
    run(
        f"UPDATE waitlist_promotions SET {changes} WHERE id = %s",
        *(*given.values(), promotion_id),
    )
    run(
        "UPDATE waitlists SET status = %s"
        " WHERE id = (SELECT waitlist_id FROM waitlist_promotions WHERE id = %s)",
        *({"used": "booked", "declined": "left"}.get(status, status), promotion_id),
    )


def full_event(capacity: int = 10, **columns: Any) -> tuple[UUID, UUID]:
    """Insert an event whose seats are all booked, at most ten; return it and the booking."""
    event_id = event(total_capacity=capacity, **columns)
    return event_id, book(event_id, capacity)


def free_seats(event_id: UUID) -> int:
    """Return how many seats the ledger says are free."""
    return value("SELECT available_seats FROM events WHERE id = %s", event_id)


def line(event_id: UUID) -> list[UUID]:
    """Return the waiting entries in the order of their positions, which must be 1 to n."""
    rows = run(
        "SELECT id, position FROM waitlists WHERE event_id = %s AND status = 'waiting'"
        " ORDER BY position",
        event_id,
    )
    assert [position for _, position in rows] == list(range(1, len(rows) + 1))
    return [entry for entry, _ in rows]


def check_everything() -> None:
    """Assert the invariants of seats, positions and tickets for all events."""
    # With outdated statistics the planner would choose nested loops, which compare ten thousand
    # bookings with ten thousand tickets.
    run("SET enable_nestloop = off")
    try:
        assert run(OUT_OF_BALANCE) == []
        assert run(WRONG_POSITIONS) == []
        assert run(PASSED_TOO_OFTEN) == []
        assert run(WRONG_TICKETS) == []
    finally:
        run("RESET enable_nestloop")
