"""What `bench.plans` explains of emails: pages with each filter, sweeps, and what the mailer takes.

The statements are those that the pages and tasks execute. `statements` needs Django to be set up.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg

from bench.role_cost.comparing import Statement, kept_statements

if TYPE_CHECKING:
    from bench.role_cost.pages import Looker, Page

# An email for each booking, of which hardly any failed, were sent by the second provider, or are
# of the kinds that are filtered by; and as many attempts. As the owner, and without triggers.
FILL = """
    ALTER TABLE email_delivery_log DISABLE TRIGGER USER;
    ALTER TABLE email_attempts DISABLE TRIGGER USER;
    ALTER TABLE email_returns DISABLE TRIGGER USER;
    ALTER TABLE suppressions DISABLE TRIGGER USER;
    ALTER TABLE notifications DISABLE TRIGGER USER;
    ALTER TABLE message_keys DISABLE TRIGGER USER;
    ALTER TABLE bookings DISABLE TRIGGER USER;
    ALTER TABLE waitlist_promotions DISABLE TRIGGER USER;
    UPDATE users SET role = 'admin' WHERE id IN (SELECT id FROM users ORDER BY id LIMIT 2);
    UPDATE users SET is_superuser = true WHERE id = (SELECT max(id::text)::uuid FROM (
        SELECT id FROM users ORDER BY id LIMIT 2) first);
    INSERT INTO email_delivery_log (notification_id, user_id, event_id, organizer_id, kind,
            template_type, status, provider, send_attempts, created_at)
        SELECT id, user_id, event_id, organizer_id,
            CASE WHEN n % 1000 = 0 THEN 'draw_done' WHEN n % 5 = 0 THEN 'reminder'
                ELSE 'booking_confirm' END,
            'booking_confirm',
            CASE WHEN n % 50 = 0 THEN 'failed' WHEN n % 70 = 0 THEN 'bounced'
                WHEN n % 3 = 0 THEN 'sent' ELSE 'delivered' END,
            CASE WHEN n % 500 = 7 THEN 'smtp:backup' ELSE 'smtp' END, 1, created_at
        FROM (SELECT *, row_number() OVER (ORDER BY created_at) AS n FROM bookings) numbered
        ORDER BY n;
    INSERT INTO email_attempts (delivery_id, user_id, event_id, organizer_id, number, outcome,
            created_at)
        SELECT id, user_id, event_id, organizer_id, 1, 'accepted', created_at
        FROM email_delivery_log ORDER BY created_at;
    INSERT INTO email_returns (delivery_id, user_id, event_id, organizer_id, outcome, source,
            digest, is_permanent, created_at, applied_at)
        SELECT id, user_id, event_id, organizer_id,
            CASE status WHEN 'bounced' THEN status ELSE 'delivered' END, 'mailbox',
            md5(id::text) || md5(user_id::text), status = 'bounced', created_at, created_at
        FROM email_delivery_log WHERE status IN ('bounced', 'delivered') ORDER BY created_at;
    INSERT INTO suppressions (user_id, address_digest, address, reason, created_at)
        SELECT user_id, md5(id::text) || md5(id::text), 'sealed:v1:' || repeat('x', 40),
            'hard_bounce', created_at
        FROM email_delivery_log WHERE status IN ('sent', 'bounced') LIMIT 50000;
    INSERT INTO notifications (user_id, event_id, type, message, status, created_at)
        SELECT user_id, event_id, kind, 'Text',
            CASE status WHEN 'failed' THEN 'pending' ELSE 'sent' END, created_at
        FROM email_delivery_log WHERE created_at > now() - interval '30 days';
    INSERT INTO message_keys (user_id, key, notification_id)
        SELECT user_id, 'booking_confirm:' || id, id FROM bookings;
    UPDATE bookings SET status = 'pending', total_amount = 5, unit_price = 5,
            expires_at = created_at + interval '40 days'
        WHERE status = 'confirmed' AND created_at < now() - interval '30 days' AND quantity = 1
            AND substr(id::text, 36) = '7';
    UPDATE waitlist_promotions SET status = 'expired' WHERE status = 'pending'
        AND event_id NOT IN (SELECT id FROM events ORDER BY event_date LIMIT 10);
    ALTER TABLE email_delivery_log ENABLE TRIGGER USER;
    ALTER TABLE email_attempts ENABLE TRIGGER USER;
    ALTER TABLE email_returns ENABLE TRIGGER USER;
    ALTER TABLE suppressions ENABLE TRIGGER USER;
    ALTER TABLE notifications ENABLE TRIGGER USER;
    ALTER TABLE message_keys ENABLE TRIGGER USER;
    ALTER TABLE bookings ENABLE TRIGGER USER;
    ALTER TABLE waitlist_promotions ENABLE TRIGGER USER;
    VACUUM ANALYZE;
"""
LARGE = {
    "email_delivery_log",
    "email_attempts",
    "email_returns",
    "suppressions",
    "notifications",
    "message_keys",
}
FILTERS = {
    "all": "show=all",
    "failed": "show=failed",
    "not sent yet": "show=waiting",
    "delivered": "show=delivered",
    "a later page": "show=all&p=19",
    "a frequent kind": "show=all&kind=reminder",
    "a rare kind": "show=all&kind=draw_done",
    "a kind that none has": "show=all&kind=event_over",
    "a rare provider": "show=all&provider=smtp:backup",
    "failed, of a rare provider": "show=failed&provider=smtp:backup",
    "a rare kind and provider": "show=delivered&kind=draw_done&provider=smtp:backup",
    "came back": "show=all&report=bounced",
    "an address": "show=all&q=person77@example.org",
}
API_FILTERS = {
    "all": "",
    "failed": "?status=failed",
    "a rare kind": "?kind=draw_done",
    "a rare provider": "?provider=smtp:backup",
}
SUPPRESSED = {"all": "show=all", "suppressed": "", "a reason": "reason__exact=hard_bounce"}

Found = Iterator[tuple[str, list[Statement]]]


def name_people(database: "psycopg.Connection[Any]") -> None:
    """Give the two who open pages a name and an address. database: the owner's connection."""
    from evently.privacy.addresses import digest_of_address
    from evently.privacy.sealing import new_key, seal_with, wrap

    rows = database.execute("SELECT id FROM users WHERE role = 'admin'").fetchall()
    for (user_id,) in rows:
        key, address = new_key(), f"{user_id}@example.org"
        database.execute(
            "UPDATE users SET name = %s, email = %s, email_digest = %s WHERE id = %s",
            [
                seal_with(key, user_id=user_id, purpose="name", text="Robin Vale"),
                seal_with(key, user_id=user_id, purpose="email", text=address),
                digest_of_address(address),
                user_id,
            ],
        )
        database.execute(
            "INSERT INTO keys.person_keys (user_id, wrapped_key, wrapping_key_name)"
            " VALUES (%s, %s, %s)",
            [user_id, *wrap(key, user_id=user_id)],
        )


def statements(organizer_id: UUID, event_id: UUID) -> Found:
    """Yield what is done, and the statements that it took."""
    yield from _of_pages(organizer_id, event_id)
    yield from _of_tasks(event_id)


def _of_pages(organizer_id: UUID, event_id: UUID) -> Found:
    from bench.role_cost.pages import Looker
    from evently.accounts.models import User
    from evently.database.identity import as_worker

    with as_worker():
        people = User.objects.order_by("pk")
        organizer = Looker(people.get(pk=organizer_id))
        superuser = Looker(people.filter(is_superuser=True).first())
    for looker, page in _pages(organizer, superuser, event_id):
        with kept_statements() as kept:
            status = looker.open(page)
        if status != 200:
            raise SystemExit(f"{page.name}: status {status}")
        yield page.name, kept.found


def _pages(
    organizer: "Looker", superuser: "Looker", event_id: UUID
) -> "Iterator[tuple[Looker, Page]]":
    from django.urls import reverse

    from bench.role_cost.pages import Page

    of_event = reverse("admin:event_messages", args=[event_id])
    of_all = reverse("admin:notifications_emaildelivery_changelist")
    for name, query in FILTERS.items():
        yield organizer, Page(f"emails of an event: {name}", f"{of_event}?{query}")
    for name, query in FILTERS.items():
        yield superuser, Page(f"all emails: {name}", f"{of_all}?{query}")
    api = reverse("api_event_emails", args=[event_id])
    for name, query in API_FILTERS.items():
        yield organizer, Page(f"API, emails: {name}", f"{api}{query}", is_api=True)
    suppressed = reverse("admin:notifications_suppression_changelist")
    for name, query in SUPPRESSED.items():
        yield superuser, Page(f"suppressed addresses: {name}", f"{suppressed}?{query}")
    yield organizer, Page("inbox", reverse("inbox"))


def _of_tasks(event_id: UUID) -> Found:
    from evently.database.identity import WORKER
    from notifications.kinds import Urgency
    from notifications.operations import taking

    for urgency in Urgency:
        values = {"least_urgent": int(urgency), "most": taking.MOST_AT_ONCE}
        statement = Statement(taking.DUE, values, WORKER)
        yield f"what the mailer takes: {urgency.name.lower()}", [statement]
    for name, work in _tasks(event_id).items():
        with kept_statements() as kept:
            work()
        yield name, kept.found


def _tasks(event_id: UUID) -> dict[str, Callable[[], Any]]:
    from notifications import due, gauges
    from notifications.operations import resend_runs, resent_rows, taking
    from notifications.return_models import EmailReturn
    from notifications.returns import listed
    from notifications.writing import sending

    unapplied = EmailReturn.objects.filter(applied_at__isnull=True).order_by("pk")
    return {
        "events to remind of": lambda: due.ids_of(due.events_to_remind()),
        "events to thank for": lambda: due.ids_of(due.events_to_thank()),
        "payments to remind of": lambda: due.events_of(due.payments_to_remind_of()),
        "payments of an event": lambda: list(
            due.payments_to_remind_of().filter(event_id=event_id)[:500]
        ),
        "offers that end soon": lambda: due.events_of(due.offers_ending()),
        "messages to send": lambda: list(sending.events_to_write_to()),
        "whether an email is due": taking.is_any_due,
        "failed emails to send again": lambda: resent_rows.failed_after(event_id=event_id),
        "runs to go on with": resend_runs.open_runs,
        "reports to apply": lambda: list(unapplied.values_list("pk", flat=True)[:500]),
        "whether addresses are suppressed": lambda: listed.suppressed_among(
            [f"person{n}@example.org" for n in range(50)]
        ),
        "failed emails of a day": lambda: list(gauges.failed_emails()),
    }
