"""The export of a person's data compared with every table that has a user's id."""

import json
from collections import defaultdict

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.module_loading import autodiscover_modules

from bookings import operations as bookings
from bookings.factories import BookingFactory
from evently.accounts import export
from evently.accounts.factories import OrganizerFactory, UserFactory, issued_token
from evently.database.clock import now
from evently.tests.rows import full_event, insert, offer, wait
from evently.tests.sql import as_at_commit, run, value

pytestmark = pytest.mark.django_db

# Columns with a user's id, and the section of the export that has their rows.
SECTIONS = {
    "api_tokens.user_id": "api_tokens",
    "attendance_checks.user_id": "attendance_checks",
    "booking_attempts.user_id": "booking_attempts",
    "bookings.user_id": "bookings",
    "bookings_archive.user_id": "bookings",
    "data_exports.user_id": "data_exports",
    "email_changes.user_id": "email_changes",
    "email_attempts.user_id": "email_attempts",
    "email_delivery_log.user_id": "mails",
    "email_resends.by_id": "emails_sent_again",
    "email_resends.user_id": "emails_sent_again",
    "email_returns.user_id": "email_returns",
    "event_imports.organizer_id": "event_imports",
    "event_mutes.user_id": "event_mutes",
    "event_staff.user_id": "event_staff",
    "events.created_by_id": "events",
    "idempotency_keys.user_id": "idempotency_keys",
    "notifications.user_id": "notifications",
    "organizer_messages.by_id": "organizer_messages",
    "passkeys.user_id": "passkeys",
    "payments.recorded_by_id": "payments_recorded",
    "payments.user_id": "payments",
    "recovery_codes.user_id": "recovery_codes",
    "resend_runs.user_id": "runs_of_sending_again",
    "second_factor_resets.user_id": "second_factor_resets",
    "sent_emails.user_id": "sent_emails",
    "suppressions.released_by_id": "suppressions",
    "suppressions.user_id": "suppressions",
    "ticket_transfers.recipient_id": "tickets_received",
    "ticket_transfers.user_id": "ticket_transfers",
    "tickets.checked_in_by_id": "check_ins",
    "tickets.holder_id": "tickets",
    "tickets.user_id": "tickets",
    "totp_factors.user_id": "authenticator_apps",
    "user_sessions.user_id": "sessions",
    "waitlist_promotions.user_id": "promotions",
    "waitlists.user_id": "waitlist_entries",
    "waitlists_archive.user_id": "archived_waitlist_entries",
}
# Columns whose rows are not exported, with the reason.
LEFT_OUT = {
    "data_export_parts.user_id": "the files themselves",
    "django_admin_log.user_id": "stays empty",
    "email_requests.user_id": "deleted once a task has answered, within seconds",
    "erasures.user_id": "written once the account is erased; its receipt goes to the person",
    "keys.person_keys.user_id": "the key: what is sealed under it is exported, opened",
    "message_keys.user_id": "which notifications exist already; those are exported",
    "second_factor_resets.reset_by_id": "about another person",
}
# Texts that may contain a user's id.
IN_TEXT = {
    "audit_log.actor": "changes of rows, which the export has",
    "audit_log.before": "as above",
    "audit_log.after": "as above",
    "audit_log.row_id": "as above",
    "pricing_history.applied_by": "prices of events, which are public",
    "users.id": "the account itself, in `person`",
}
COLUMNS = """
    SELECT CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname,
        a.attname, n.nspname || '.' || c.relname
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND n.nspname NOT IN ('information_schema', 'test_seeds', 'secrets')
        AND n.nspname !~ '^pg_' AND {condition}
        -- Whose event a row belongs to: copied from the event, which is exported.
        AND NOT (a.attname = 'organizer_id' AND EXISTS (SELECT FROM pg_attribute e
            WHERE e.attrelid = c.oid AND e.attname = 'event_id' AND NOT e.attisdropped))
    ORDER BY 1, 2
"""
# By a foreign key to users, or by a name that says whose id it is.
OF_USERS = COLUMNS.format(
    condition="""(
        EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f'
            AND k.confrelid = 'users'::regclass AND a.attnum = ANY (k.conkey))
        OR format_type(a.atttypid, NULL) = 'uuid' AND a.attname
            ~ '(user|person|recipient|holder|organizer|owner|author|attendee|(^|_)by)(_id)?$')"""
)
TEXTS = COLUMNS.format(
    condition="format_type(a.atttypid, NULL) IN ('uuid', 'text', 'jsonb', 'uuid[]', 'text[]')"
)


def columns():
    return {f"{table}.{column}" for table, column, _ in run(OF_USERS)}


def test_each_column_with_a_users_id_is_exported_or_left_out_for_a_reason():
    undecided = columns() - SECTIONS.keys() - LEFT_OUT.keys()
    assert undecided == set(), (
        "These columns have a user's id. Export their rows (`exports.py` of the app, and SECTIONS"
        " above), or say in LEFT_OUT why not."
    )
    assert SECTIONS.keys() - columns() == set(), "these columns are gone"
    autodiscover_modules("exports")
    assert set(SECTIONS.values()) <= set(export._sections)


def busy_person():
    """Return a user with rows in as many tables as can be filled."""
    user = OrganizerFactory(email="busy@example.org")
    issued_token(user)
    event_id, _ = full_event()
    sealed = user.key.seal("recipient", "old@example.org")
    insert("email_changes", user_id=user.pk, old_email=sealed, new_email=sealed)
    insert("data_exports", user_id=user.pk)
    insert("recovery_codes", user_id=user.pk, digest="b" * 64)
    insert("second_factor_resets", user_id=user.pk, reason=sealed)
    insert("event_imports", organizer_id=user.pk, file_name="events.csv", content=b"name")
    entry = wait(event_id, user_id=user.pk)
    free_one(event_id)
    offer(entry)
    booking = BookingFactory(user=user, quantity=2)
    mine = BookingFactory(event__created_by=user, quantity=2)
    insert("event_staff", event_id=booking.event_id, user_id=user.pk, role="door")
    for row in (booking, mine):
        insert(
            "payments",
            event_id=row.event_id,
            booking_id=row.pk,
            provider_reference=str(row.pk),
            amount=5,
            currency="EUR",
            recorded_by_id=user.pk,
        )
    insert(
        "bookings_archive",
        id=mine.event_id,
        event_id=mine.event_id,
        user_id=user.pk,
        quantity=1,
        unit_price=1,
        total_amount=1,
        status="confirmed",
        booking_reference="OLD-1",
        archived_at=now(),
        created_at=now(),
        updated_at=now(),
    )
    hand_over(booking, "friend@example.org")
    received = hand_over(mine, user.email)
    bookings.accept_transfer(event_id=mine.event_id, transfer_id=received.pk)
    run(
        "UPDATE tickets SET checked_in_at = now(), checked_in_by_id = %s WHERE booking_id = %s"
        " AND cancelled_at IS NULL",
        *(user.pk, mine.pk),
    )
    insert("booking_attempts", event_id=event_id, user_id=user.pk, **ATTEMPT)
    notification = insert("notifications", user_id=user.pk, type="notification", message="Hi")
    insert("email_delivery_log", notification_id=notification, user_id=user.pk, **EMAIL)
    return user


def hand_over(booking, to):
    ticket_ids = [booking.tickets.order_by("id").first().pk]
    (transfer,) = bookings.hand_over(
        event_id=booking.event_id,
        booking_id=booking.pk,
        ticket_ids=ticket_ids,
        name="Friend",
        email=to,
    )
    return transfer


def free_one(event_id):
    run(
        "UPDATE bookings SET status = 'cancelled' WHERE event_id = %s AND status = 'confirmed'"
        " RETURNING id",
        event_id,
    )


ATTEMPT = {"quantity": 1, "result": "failed", "failure_reason": "sold_out"}
EMAIL = {"template_type": "notification", "kind": "notification", "provider": "smtp"}


def test_what_is_stored_about_a_person_is_in_the_export():
    user = busy_person()
    as_at_commit()
    own = str(user.pk)

    exported = export.export_of(user)

    stored, found = defaultdict(int), set()
    for table, column, relation in run(TEXTS):
        count = value(f'SELECT count(*) FROM {relation} WHERE "{column}"::text LIKE %s', f"%{own}%")
        if count:
            found.add(name := f"{table}.{column}")
            if name in SECTIONS:
                stored[SECTIONS[name]] = max(stored[SECTIONS[name]], count)
    assert found - SECTIONS.keys() - LEFT_OUT.keys() - IN_TEXT.keys() == set()
    assert len(stored) >= 18, sorted(stored)
    short = {
        name: (count, len(exported[name]))
        for name, count in stored.items()
        if len(exported[name]) < count
    }
    assert short == {}
    assert {one["booking_reference"] for one in exported["bookings"]} >= {"OLD-1"}


def test_nothing_of_others_is_in_it():
    user, other = busy_person(), UserFactory(name="Wilhelmina Oss", email="oss@example.org")
    BookingFactory(event=BookingFactory(user=user).event, user=other)
    for booking in user.created_events.get().bookings.all():
        assert booking.user_id != user.pk

    text = json.dumps(export.export_of(user), cls=DjangoJSONEncoder)

    assert "Wilhelmina" not in text
    assert "oss@example.org" not in text
    assert str(other.pk) not in text
    assert "secret" not in text.replace("secrets", "")
