"""What is left of an erased person, column by column.

A column that can hold text is either erased, unreadable without the person's key, or free of
personal data for the reason given. A new one fails here until it is decided which.
"""

import json
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bookings import operations as bookings
from bookings.factories import BookingFactory
from bookings.models import BookingAttempt, Ticket, TicketTransfer
from boxoffice.lifecycle import operations, tasks
from boxoffice.lifecycle.operations.forgetting import forget_person
from evently.accounts.factories import UserFactory, issued_token
from evently.accounts.models import Passkey, User
from evently.idempotency.models import IdempotencyKey
from evently.origin import Origin
from evently.privacy.addresses import digest_of_mailbox
from evently.tests.sql import as_at_commit, run
from events.factories import EventFactory
from notifications.models import EmailDelivery
from notifications.operations.delivering import deliver_all
from notifications.queries import unsent_emails_of
from notifications.return_models import EmailReturn, Suppression
from notifications.sent_models import EmailAttempt, SentEmail
from notifications.tests.returning import COMPLAINED, returns, sent
from waitlists import operations as waitlists
from waitlists.models import WaitlistEntry

pytestmark = pytest.mark.django_db

ORIGIN = Origin(ip_address="192.0.2.211", user_agent="Sextant/9 (Zanzibar)")

# Emptied, or deleted with their row, when the person is erased.
ERASED = {
    "api_tokens": "name digest scopes",
    "booking_attempts": "ip_address user_agent",
    "bookings": "mailbox cancel_reason",
    "bookings_archive": "cancel_reason",
    "email_attempts": "provider outcome error code answer",
    "email_returns": "outcome reason code source digest address_digest",
    "event_mutes": "category channel",
    "idempotency_keys": "key method path body_digest answer",
    "keys.person_keys": "wrapped_key wrapping_key_name",
    "notifications": "message",
    # Of what its author wrote, and has sent; the rest is deleted.
    "organizer_messages": "subject body",
    "passkeys": "name credential_id public_key transports",
    "recovery_codes": "digest",
    "suppressions": "address_digest reason release",
    "user_sessions": "session_digest ip_address user_agent",
    "users": "email_digest password_hash preferences timezone",
    "waitlist_promotions": "organizer_reason",
    "waitlists": "priority_reason notify_prefs timezone mailbox",
}
# Sealed under the person's key, which is destroyed.
SEALED = {
    "email_delivery_log": "recipient_email",
    "email_changes": "old_email new_email",
    "data_export_parts": "sealed",
    "sent_emails": "sealed",
    # Who removed their second factors and why; the rows stay with the trail.
    "second_factor_resets": "reason",
    "suppressions": "address",
    "totp_factors": "secret",
    "tickets": "holder_name",
    # Under the key of the one who entered them; emptied with the recipient's account.
    "ticket_transfers": "recipient_name recipient_email",
    "users": "email name",
}
# Stay as they are.
KEPT = {
    # Sealed columns stay sealed here; digests, secrets, tokens' names, IP addresses and user agents
    # are redacted; texts and settings are redacted with the person. `client`: the database's
    # client, of changes by other programs than Evently.
    "audit_log": "table_name action before after actor via request_id kind db_role client",
    # The accounting records.
    "bookings": "status booking_reference cancelled_by unanswered_policy idempotency_key",
    # parts: ids, amounts and times of tickets, payments, transfers and answers; names stay sealed.
    "bookings_archive": "status booking_reference cancelled_by idempotency_key parts",
    "archived_totals": "status",
    # record, offers: ids, numbers and times.
    "waitlists_archive": "status record offers",
    "cold_files": "table_name name state sha256 signature",
    "payments": "provider kind provider_reference currency status",
    "tickets": "secret",
    "ticket_transfers": "status",
    # What happened, without where from.
    "booking_attempts": "result failure_reason",
    # ref: the pseudonym of a joining in the public record, which names no one.
    "waitlists": "status ref",
    "lines": "head reserved_ref",
    # reason: the organizer's, public from the moment it was written, as the form says.
    "line_events": "kind ref reason beacon commitment list secret prev hash",
    # beacon_name: the organizer's, public. refs: pseudonyms as in the record.
    "draws": "status beacon beacon_name commitment sealed_secret sealed_with refs list_hash"
    " beacon_value secret seed void_reason",
    "waitlist_promotions": "moved_reason status promotion_reason ref",
    # Ids and facts of events; no names, addresses or secrets (notifications/kinds/base.py).
    # error_message: without the mail server's words.
    "notifications": "type channels data status",
    "message_keys": "key",
    "email_delivery_log": "kind template_type provider provider_message_id status error_message"
    " metadata",
    "users": "role",
    # Which account was erased, when, and what that did.
    "erasures": "kind cause counts document line",
    "erasure_register": "last_digest problem header home",
    # A digest of the mailbox, deleted after a day: it limits emails that others cause.
    "unconfirmed_emails": "mailbox_digest",
    # The same of an address, deleted once a task has answered.
    "email_requests": "kind email_digests",
    # unread_months: of cold storage as a whole.
    "data_exports": "status unread_months",
    # About events and the site, not about attendees. contact_email: until its organizer is erased.
    "events": "name description venue timezone currency status refund_policy payment_mode"
    " unanswered_policy contact_email contact_url"
    " payment_instructions cancel_reason last_change source_key",
    # Of events, too; reply_to: until its organizer is erased.
    "event_emails": "template_type above below sender_name reply_to picture failure",
    # A file that is drawn anew, without metadata.
    "event_logos": "content content_type digest",
    "announcements": "key message",
    "mailings": "kind",
    # Deleted within an hour; its digest of an address is one of the service's id, too.
    "early_reports": "message_id recipient_digest outcome reason code source digest",
    # booking_ids: for whom a message was.
    "organizer_messages": "audience booking_ids state hold",
    # Ids, and counts by reason.
    "resend_runs": "delivery_ids suppressed",
    "event_staff": "role",
    # Of organizers, whose accounts stay as long as their events do, and go with them.
    "event_imports": "file_name content answers questions left_out assumed problem state",
    "event_import_rows": "name outcome state reason message source_key columns changes",
    "event_words": "vector",
    "search_words": "shape word",
    "event_analytics": "metric_type resolution",
    "event_lost_demand": "outcome reason",
    "roll_ups": "resolution",
    "pricing_rules": "step_kind plan",
    "pricing_history": "reason applied_by db_role",
    # note: of those who write for the whole site, about a text.
    "email_templates": "template_type subject_template html_template text_template variables note"
    " failure",
}
# Django's own: the admin log stays empty (evently.audit.admin); sessions hold a user's id, and
# are deleted with the account.
FRAMEWORK = ("django_", "auth_")

COLUMNS = """
    SELECT CASE table_schema WHEN 'public' THEN '' ELSE table_schema || '.' END || table_name,
        column_name
    FROM information_schema.columns c
    WHERE table_schema IN ('public', 'keys')
        AND data_type IN ('text', 'character varying', 'character', 'json', 'jsonb', 'inet', 'cidr',
            'macaddr', 'ARRAY', 'bytea', 'xml', 'USER-DEFINED', 'tsvector')
        AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = format('%I.%I', table_schema,
            table_name)::regclass)
        AND is_generated = 'NEVER'
        AND (SELECT relkind FROM pg_class
            WHERE oid = format('%I.%I', table_schema, table_name)::regclass) <> 'v'
"""


def columns(*groups):
    return {
        (table, column)
        for group in groups
        for table, names in group.items()
        for column in names.split()
    }


def test_it_is_decided_for_every_column_what_becomes_of_it():
    stored = {
        (table, column)
        for table, column in run(COLUMNS)
        if not table.startswith(FRAMEWORK) and table != "spatial_ref_sys"
    }
    decided = columns(ERASED, SEALED, KEPT)

    assert stored - decided == set(), (
        "Decide what becomes of these columns when a person is erased: list them above, and erase "
        "them in boxoffice/lifecycle/operations/forgetting.py if they may hold personal data."
    )
    assert decided - stored == set(), "these columns are gone"


def everything_stored():
    """Yield (table, row as text) of all rows that the application's role may read."""
    for (table,) in run(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
        " WHERE schemaname IN ('public', 'keys')"
        " AND has_table_privilege(format('%I.%I', schemaname, tablename), 'SELECT')"
    ):
        for (row,) in run(f"SELECT t::text FROM {table} t"):
            yield table, row


def test_nothing_of_a_person_is_left_in_plain_text():
    ana = UserFactory(name="Wilhelmina Oss", email="wilhelmina@example.org", password="Xylophone-9")
    token = issued_token(ana)
    browser = Client(REMOTE_ADDR="192.0.2.212", HTTP_USER_AGENT="Astrolabe/3 (Samarkand)")
    browser.force_login(ana)
    Passkey.objects.create(user=ana, name="Quadrant", credential_id="cred", public_key=b"key")
    User.objects.filter(pk=ana.pk).update(
        preferences={"offers": {"email": False}}, timezone="Africa/Dar_es_Salaam"
    )
    event, full = EventFactory(max_per_person=4), EventFactory(total_capacity=1)
    BookingFactory(event=full)
    for _ in range(2):
        bookings.book_seats(event_id=event.pk, user_id=ana.pk, quantity=1, origin=ORIGIN)
    with pytest.raises(bookings.SoldOut):
        bookings.book_seats(event_id=full.pk, user_id=ana.pk, quantity=1, origin=ORIGIN)
    entry = waitlists.join_waitlist(
        event_id=full.pk, user_id=ana.pk, quantity=1, notify_prefs={"email": False}, timezone="UTC"
    )
    WaitlistEntry.objects.filter(pk=entry.pk).update(
        priority_score=5, priority_reason="uses a wheelchair"
    )
    IdempotencyKey.objects.create(
        user_id=ana.pk,
        key="k",
        method="POST",
        path="/",
        body_digest="d",
        status=201,
        answer={"holder": "Wilhelmina Oss"},
    )
    mailbox = digest_of_mailbox("wilhelmina@example.org")
    assert [booking.mailbox for booking in ana.bookings.all()] == [mailbox] * 2
    assert entry.mailbox == mailbox
    other = BookingAttempt.objects.create(
        event=event,
        user=UserFactory(),
        quantity=1,
        result="failed",
        failure_reason="sold_out",
        ip_address="192.0.2.5",
        user_agent="Other",
    )
    as_at_commit()
    deliver_all(unsent_emails_of(ana.pk))

    assert operations.erase_person(user_id=ana.pk, at_once=True)

    words = (
        "wilhelmina",
        " oss",
        "192.0.2.211",
        "sextant",
        "zanzibar",
        "192.0.2.212",
        "astrolabe",
        "quadrant",
        token.secret.lower(),
        mailbox,
    )
    stored = list(everything_stored())
    assert [(t, w) for t, row in stored for w in words if w in row.lower()] == []
    assert browser.get(reverse("account")).status_code == 302
    assert not Session.objects.exists()
    assert BookingAttempt.objects.filter(user=ana).count() == 3
    assert User.objects.get(pk=ana.pk).timezone == ""
    assert WaitlistEntry.objects.get(user=ana).priority_reason == "(erased)"
    assert WaitlistEntry.objects.get(user=ana).notify_prefs == {}
    assert WaitlistEntry.objects.get(user=ana).timezone == ""
    assert not IdempotencyKey.objects.filter(user_id=ana.pk).exists()
    emails = EmailDelivery.objects.filter(user=ana).select_related("user__person_key")
    assert [email.recipient for email in emails] == [""] * len(emails)
    assert "wilhelmina" not in json.dumps(list(emails.values_list("metadata", flat=True)))
    other.refresh_from_db()
    assert (other.ip_address, other.user_agent) == ("192.0.2.5", "Other")


def test_who_got_a_ticket_is_forgotten_with_their_account():
    booking = BookingFactory()
    (transfer,) = bookings.hand_over(
        event_id=booking.event_id,
        booking_id=booking.pk,
        ticket_ids=list(booking.tickets.values_list("pk", flat=True)),
        name="Wilhelmina Oss",
        email="wilhelmina@example.org",
    )
    accepted = bookings.accept_transfer(event_id=booking.event_id, transfer_id=transfer.pk)

    assert operations.erase_person(user_id=accepted.recipient_id, at_once=True)

    transfer = TicketTransfer.objects.select_related("user__person_key").get()
    assert (transfer.name, transfer.email) == ("", "")
    ticket = Ticket.objects.select_related("holder__person_key").get(pk=transfer.new_ticket_id)
    assert ticket.name == ""


def test_expired_sessions_are_deleted_and_others_stay():
    at = timezone.now()
    for key, days in (("gone", -1), ("alive", 1)):
        Session.objects.create(
            session_key=key, session_data="", expire_date=at + timedelta(days=days)
        )

    tasks.forget_expired_sessions()

    assert list(Session.objects.values_list("pk", flat=True)) == ["alive"]


def test_contact_of_an_erased_organizers_past_events_is_removed():
    organizer = UserFactory()
    past = EventFactory(created_by=organizer, contact_email="sextant@zanzibar.example")
    other = EventFactory(contact_email="box@venue.example")

    forget_person(user_id=organizer.pk)

    past.refresh_from_db()
    other.refresh_from_db()
    assert (past.contact_email, other.contact_email) == ("", "box@venue.example")


def test_copies_of_emails_and_answers_of_servers_go_with_the_person():
    other, notification = sent(), sent()

    operations.erase_person(user_id=notification.user_id)

    for model in (SentEmail, EmailAttempt):
        assert [row.user_id for row in model.objects.all()] == [other.user_id]


def test_returned_emails_and_the_suppressed_address_go_with_the_person():
    notification = sent()
    returns(notification, COMPLAINED)
    assert Suppression.objects.count() == EmailReturn.objects.count() == 1

    operations.erase_person(user_id=notification.user_id)

    assert Suppression.objects.count() == EmailReturn.objects.count() == 0
