"""Rows of several people and events in every table, for the walk of roles.

The owner inserts them while triggers are off, so that each is just what is said here: whom it
belongs to is told by this module, not by a column that a policy reads.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from evently.tests.database import as_owner
from evently.tests.rows import SEALED, logo_columns
from tests.walked_filler import Filler
from tests.walked_world import BOOKED, EVENTS, HANDED, NOW, PEOPLE, STAFF, UNPUBLISHED, World

# In partitioned tables the time is a part of the key; the id alone is unique, too.
TABLES = """
    SELECT CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname,
        c.relispartition
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('public', 'keys') AND c.relkind IN ('r', 'p')
    ORDER BY 1
"""
# As many free seats as the bookings and offers leave, which triggers would have counted.
BALANCED = """
    UPDATE events e SET total_capacity = 20, available_seats = 20
        - coalesce((SELECT sum(quantity) FROM bookings WHERE event_id = e.id), 0)
        - coalesce((SELECT sum(quantity) FROM waitlist_promotions WHERE event_id = e.id), 0)
"""


def fill(filler: Filler) -> None:
    """Insert rows into every table."""
    if not filler.world.people:
        _people(filler)
    _accounts(filler)
    if not filler.world.events:
        _events(filler)
    _of_events(filler)
    for person, event in BOOKED:
        _booking(filler, person, event)
        _waiting(filler, person, event)
        _messages(filler, person, event)
    _messages(filler, "X", None)
    for outcome in ("bounced", "delivered"):
        of_email = {"message_id": outcome, "outcome": outcome, "source": "postal"}
        filler.add("early_reports", digest=_digest(), **of_email)
    _framework(filler)
    filler.run(BALANCED)


def _digest() -> str:
    return (uuid4().hex + uuid4().hex)[:64]


def _people(filler: Filler) -> None:
    for person in PEOPLE:
        is_organizer = person in ("A", "B", "S")
        found = filler.add(
            "users",
            person,
            email=SEALED,
            name=SEALED,
            email_digest=_digest(),
            role="admin" if is_organizer else "user",
            is_superuser=person == "S",
            email_verified_at=NOW,
        )
        filler.world.people[person] = found["id"]
        filler.add("keys.person_keys", person, wrapped_key=b"x" * 60)


def _accounts(filler: Filler) -> None:
    for person in ("X", "Y", "A", "B"):
        filler.add(
            "api_tokens",
            person,
            digest=_digest(),
            scopes=["read"],
            expires_at=datetime(2100, 1, 1, tzinfo=UTC),
        )
        filler.add("email_changes", person, old_email=SEALED, new_email=SEALED)
        filler.add("email_requests", person, kind="login_link")
        filler.add("idempotency_keys", person)
        filler.add("unconfirmed_emails", person, mailbox_digest=_digest())
        filler.add("user_sessions", person, session_digest=_digest())
        filler.add("totp_factors", person, secret=SEALED)
        filler.add("passkeys", person)
        filler.add("recovery_codes", person, digest=_digest())
        export = filler.add("data_exports", person)
        filler.add("data_export_parts", person, export_id=export["id"])
        filler.add("second_factor_resets", person, reason=SEALED)
        filler.add(
            "erasures",
            person,
            kind="erased",
            cause="request",
            number=len(filler.world.rows["erasures"]) + 1,
        )


def _events(filler: Filler) -> None:
    for event, organizer in EVENTS.items():
        found = filler.add(
            "events",
            organizer,
            event=event,
            total_capacity=10,
            available_seats=5,
            event_date=datetime(2100, 1, 1, tzinfo=UTC),
            created_by_id=filler.world.people[organizer],
            published_at=None if event in UNPUBLISHED else NOW,
        )
        filler.world.events[event] = found["id"]
        if event not in UNPUBLISHED:
            filler.add("event_words", event=event)


def _price_rule() -> dict[str, Any]:
    return {
        "floor": 1,
        "ceiling": 2,
        "max_step": 1,
        "step_kind": "amount",
        "min_interval_minutes": 60,
        "rounding_unit": 1,
        "rounding_ending": 0,
        "expected_percent": 100,
        "plan": list(range(0, 101, 10)),
    }


def _of_events(filler: Filler) -> None:
    for event in EVENTS:
        filler.add("pricing_history", event=event, old_price=1, new_price=2)
        filler.add("price_bounds", event=event)
        filler.add("event_emails", event=event, above="Welcome")
        filler.add("event_logos", event=event, **logo_columns())
        filler.add("pricing_rules", event=event, **_price_rule())
        filler.add("event_analytics", event=event)
        filler.add("event_lost_demand", event=event, outcome="lost", people=1, seats=1)
        filler.add("lost_demand_states", event=event)
        filler.add("archived_totals", event=event, status="confirmed")
        filler.add("announcements", event=event)
        filler.add("mailings", event=event, kind="reminder")
        # By its organizer, and by one who manages or managed it.
        for by in sorted({EVENTS[event], "B", "X"}):
            filler.add(
                "organizer_messages",
                event=event,
                by=by,
                by_id=filler.world.people[by],
                audience="booked",
                subject="Doors",
                body="At seven.",
            )
        filler.add("draws", event=event, **_draw())
        filler.add("lines", event=event, head=_digest())
        filler.add("line_events", event=event, kind="opened", seq=1000)
        filler.add("audit_log", event=event, action="update", via="page")
        filler.add("search_words")
    for resolution in ("minute", "hour", "day"):
        filler.add("roll_ups", resolution=resolution)
    for person, event, role in STAFF:
        filler.add("event_staff", person, event=event, role=role)
    for organizer in ("A", "B"):
        batch = filler.add(
            "event_imports",
            organizer,
            organizer_id=filler.world.people[organizer],
            content=b"x",
        )
        more = {"organizer_id": filler.world.people[organizer]}
        known = {name for name, *_ in filler._columns("event_import_rows")}
        filler.add(
            "event_import_rows",
            organizer,
            batch_id=batch["id"],
            outcome="new",
            **(more if "organizer_id" in known else {}),
        )
    filler.add("audit_log", "X", event=None, action="update", via="page")


def _draw() -> dict[str, Any]:
    return {
        "closes_at": NOW,
        "beacon_at": NOW + timedelta(hours=1),
        "beacon": "numbers",
        "beacon_name": "Lottery",
        "commitment": _digest(),
    }


def _booking(filler: Filler, person: str, event: str) -> None:
    handed = next((to for by, of, to in HANDED if (by, of) == (person, event)), None)
    plain = {"quantity": 2, "unit_price": 0, "total_amount": 0, "status": "confirmed"}
    booking = filler.add("bookings", person, event=event, booking_reference=_digest(), **plain)
    filler.add("bookings_archive", person, event=event, booking_reference=_digest(), **plain)
    of_booking = {"booking_id": booking["id"]}
    filler.add("booking_attempts", person, event=event, result="success", **of_booking)
    filler.add(
        "payments",
        person,
        event=event,
        **of_booking,
        amount=Decimal(5),
        provider="manual",
        kind="charge",
        status="succeeded",
        currency="EUR",
    )
    filler.add("attendance_checks", person, event=event, **of_booking)
    ticket = filler.add("tickets", person, event=event, **of_booking)
    transfer = {"ticket_id": ticket["id"], **of_booking}
    if handed is None:
        filler.add("ticket_transfers", person, event=event, status="open", **transfer)
        return
    recipient = filler.world.people[handed]
    new = filler.add(
        "tickets",
        person,
        handed,
        event=event,
        holder_id=recipient,
        holder_name=SEALED,
        **of_booking,
    )
    filler.add(
        "ticket_transfers",
        person,
        handed,
        event=event,
        status="accepted",
        recipient_id=recipient,
        new_ticket_id=new["id"],
        **transfer,
    )


def _waiting(filler: Filler, person: str, event: str) -> None:
    entry = filler.add("waitlists", person, event=event, min_quantity=1, status="promoted")
    filler.add("waitlists_archive", person, event=event, status="left")
    filler.add(
        "waitlist_promotions",
        person,
        event=event,
        waitlist_id=entry["id"],
        quantity=1,
        promoted_at=NOW,
        expires_at=NOW + timedelta(days=1),
        status="pending",
    )


def _messages(filler: Filler, person: str, event: str | None) -> None:
    message = filler.add(
        "notifications", person, event=event, type="notification", channels=Jsonb(["in_app"])
    )
    of_message = {"notification_id": message["id"]}
    filler.add("message_keys", person, **of_message)
    delivery = filler.add(
        "email_delivery_log",
        person,
        event=event,
        recipient_email=SEALED,
        template_type="notification",
        provider="smtp",
        **of_message,
    )
    filler.add(
        "email_returns",
        person,
        event=event,
        delivery_id=delivery["id"],
        outcome="bounced",
        source="mailbox",
        digest=_digest(),
    )
    of_email = {"delivery_id": delivery["id"]}
    filler.add("email_attempts", person, event=event, number=1, outcome="accepted", **of_email)
    filler.add("sent_emails", person, event=event, sealed=b"sealed" * 5, **of_email)
    if event:
        filler.add("event_mutes", person, event=event, category="reminders", channel="email")
    filler.add(
        "suppressions",
        person,
        address=SEALED,
        address_digest=_digest(),
        reason="complaint",
    )
    # Sent again by themselves, by the event's organizer, and by one who has nothing to do with it.
    organizer = EVENTS[event] if event else "S"
    for by in {person, organizer}:
        filler.add("resend_runs", by, event=event, delivery_ids=[delivery["id"]], finished_at=NOW)
    for by in {person, organizer, "A"}:
        filler.add(
            "email_resends",
            person,
            event=event,
            by=by,
            delivery_id=delivery["id"],
            by_id=filler.world.people[by],
            **of_message,
        )


def _framework(filler: Filler) -> None:
    filler.add("cold_files")
    filler.add("cold_files")
    for person in ("X", "Y", "A", "B"):
        filler.add("django_session", person)
        filler.add("django_admin_log", person, action_flag=1)
        group = filler.add("auth_group")
        filler.add("auth_group_permissions", group_id=group["id"], permission_id=1)


@contextmanager
def filled(world: World | None = None) -> Iterator[World]:
    """Fill all tables, with triggers off until the end of the block.

    world: with people and events that exist already.
    """
    with as_owner() as connection:
        tables = connection.execute(TABLES).fetchall()
        _set_triggers(connection, "DISABLE", [name for name, _ in tables])
        filler = Filler(connection, world or World())
        for name, is_partition in tables:
            filler.name(name, is_partition=is_partition)
        fill(filler)
    try:
        yield filler.world
    finally:
        with as_owner() as connection:
            _set_triggers(connection, "ENABLE", [name for name, _ in tables])


def _set_triggers(connection: "psycopg.Connection[Any]", verb: str, tables: list[str]) -> None:
    for table in tables:
        connection.execute(
            sql.SQL("ALTER TABLE {} {} TRIGGER USER").format(
                sql.Identifier(*table.split(".")), sql.SQL(verb)
            )
        )
