"""Every audited table, changed by plain SQL: each audit trigger writes its row."""

from datetime import timedelta

import pytest

from evently.tests.rows import (
    event,
    full_event,
    insert,
    logo_columns,
    offer,
    person,
    price_rule,
    wait,
)
from evently.tests.sql import as_at_commit, run, value

pytestmark = pytest.mark.django_db

TRIGGERS = r"""
    SELECT c.relname, substr(t.tgname, 11) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE t.tgname LIKE 'trg\_audit\_%'
"""
CHANGES = {
    "data_exports": "status = 'failed'",
    "email_changes": "confirmed_at = now() + interval '1 hour'",
    "email_resends": "by_id = NULL",
    "event_mutes": "channel = 'in_app'",
    "suppressions": "release = 'admin', released_at = now() + interval '1 hour'",
    "organizer_messages": "body = 'At eight.'",
    "attendance_checks": "coming = 1",
    "api_tokens": "revoked_at = now()",
    "bookings": "cancel_reason = 'ill'",
    "draws": "status = 'void', void_reason = 'called off'",
    "email_templates": "is_active = false",
    "event_emails": "above = 'Bring a chair'",
    "event_logos": "version = 2",
    "event_staff": "role = 'door'",
    "event_imports": "problem = 'Unreadable'",
    "events": "name = 'Another'",
    "pricing_rules": "ceiling = 3",
    "passkeys": "transports = '{usb}'",
    "payments": "amount = 6",
    "recovery_codes": "used_at = now()",
    "tickets": "checked_in_at = now()",
    "ticket_transfers": "status = 'withdrawn'",
    "second_factor_resets": "reset_by_id = NULL",
    "totp_factors": "last_step = 1, confirmed_at = now()",
    "users": "role = 'admin'",
    "waitlist_promotions": "status = 'expired'",
    "bookings_archive": "cancel_reason = 'ill'",
    "cold_files": "rows = 1",
    "waitlists_archive": "quantity = 2",
    "keys.person_keys": "wrapping_key_name = 'other'",
    "waitlists": "priority_score = 1, priority_reason = 'speaker'",
}
# Referencing rows that are not deleted by cascade come before the row they reference.
EMPTIED = (
    *("cold_files", "waitlists_archive"),
    *("payments", "booking_attempts", "bookings_archive", "bookings", "events"),
    *(
        "email_changes",
        "email_resends",
        "email_returns",
        "email_attempts",
        "sent_emails",
        "event_mutes",
        "resend_runs",
        "suppressions",
        "email_delivery_log",
        "notifications",
        "users",
        "email_templates",
    ),
)


def make_rows():
    """Insert at least one row into each audited table."""
    event_id, booking = full_event()
    user_id = person()
    run(
        "INSERT INTO keys.person_keys (user_id, wrapped_key, wrapping_key_name)"
        " VALUES (%s, %s, 'dev')",
        *(user_id, b"k" * 60),
    )
    insert(
        "api_tokens",
        user_id=user_id,
        name="shop",
        digest="a" * 64,
        scopes=["read"],
        expires_at=value("SELECT now() + interval '1 day'"),
    )
    now = value("SELECT now()")
    insert(
        "draws",
        event_id=event(),
        closes_at=now + timedelta(hours=1),
        beacon="numbers",
        beacon_name="Lotto",
        beacon_at=now + timedelta(hours=2),
        commitment="0" * 64,
        sealed_secret=b"x",
        sealed_with="dev",
    )
    price_rule(event(base_price=1), floor=1, ceiling=2)
    insert("event_imports", organizer_id=user_id, file_name="a.csv", content=b"x")
    insert("event_staff", event_id=event_id, user_id=user_id, role="manager")
    insert("event_emails", event_id=event_id, above="Bring a friend")
    insert("event_logos", event_id=event_id, **logo_columns())
    insert(
        "payments",
        event_id=event_id,
        booking_id=booking,
        amount=5,
        currency="EUR",
        provider_reference="one",
        status="succeeded",
    )
    run(
        "INSERT INTO bookings_archive (id, user_id, event_id, quantity, unit_price, total_amount,"
        " status, booking_reference) SELECT evently_uuid7(), user_id, event_id, quantity,"
        " unit_price, total_amount, status, 'EVTOLD' FROM bookings"
    )
    insert("cold_files", table_name="audit_log", month=now, name="file", delete_after=now)
    insert(
        "waitlists_archive",
        event_id=event_id,
        user_id=user_id,
        status="left",
        quantity=1,
        joined_at=now,
        ended_at=now,
    )
    insert(
        "booking_attempts", event_id=event_id, user_id=user_id, result="failed", failure_reason="x"
    )
    insert("notifications", user_id=user_id, type="notification", message="a")
    insert("email_delivery_log", template_type="welcome", user_id=user_id)
    run("UPDATE notifications SET status = 'sent'")
    run("UPDATE email_delivery_log SET status = 'sent'")
    insert("email_resends", delivery_id=event_id, user_id=user_id, by_id=user_id)
    insert(
        "organizer_messages",
        event_id=event_id,
        by_id=user_id,
        subject="Doors",
        body="At seven.",
        audience="booked",
    )
    sealed = "sealed:v1:" + "a" * 40
    digests = {"digest": "c" * 64, "address_digest": "d" * 64}
    of_email = {"user_id": user_id, "delivery_id": event_id, "source": "mailbox"}
    mute = {"category": "reminders", "channel": "email"}
    insert("event_mutes", user_id=user_id, event_id=event_id, **mute)
    insert("email_returns", outcome="delivered", **of_email, **digests)
    del of_email["source"]
    insert("email_attempts", number=1, outcome="accepted", **of_email)
    insert("sent_emails", sealed=b"sealed" * 5, **of_email)
    insert("resend_runs", user_id=user_id, delivery_ids=[event_id])
    insert(
        "suppressions", user_id=user_id, address=sealed, reason="complaint", address_digest="d" * 64
    )
    insert("totp_factors", user_id=user_id, secret=sealed)
    insert("passkeys", user_id=user_id, name="Phone", credential_id="a", public_key=b"k")
    insert("recovery_codes", user_id=user_id, digest="b" * 64)
    insert("second_factor_resets", user_id=user_id, reason=sealed, reset_by_id=user_id)
    insert("data_exports", user_id=user_id)
    insert("email_changes", user_id=user_id, old_email=sealed, new_email=sealed)
    start = value("SELECT event_date FROM events WHERE id = %s", event_id)
    insert("attendance_checks", event_id=event_id, booking_id=booking, seats=10, event_date=start)
    insert(
        "ticket_transfers",
        event_id=event_id,
        booking_id=booking,
        ticket_id=value("SELECT min(id::text)::uuid FROM tickets WHERE booking_id = %s", booking),
        user_id=value("SELECT user_id FROM bookings WHERE id = %s", booking),
    )
    template = {"subject_template": "a", "html_template": "b", "text_template": "c"}
    insert("email_templates", template_type="welcome", version=7, is_active=False, **template)
    entry = wait(event_id)
    run("UPDATE bookings SET quantity = 9")
    offer(entry)


def test_each_audit_trigger_writes_a_row():
    """Insert, update and delete are logged where there is a trigger, and nowhere else."""
    make_rows()
    as_at_commit()
    for table, change in CHANGES.items():
        run(f"UPDATE {table} SET {change}")
    for table in EMPTIED:
        run(f"DELETE FROM {table}")
    as_at_commit()

    followed = set(run(TRIGGERS))

    assert set(run("SELECT table_name, action FROM audit_log")) == followed
