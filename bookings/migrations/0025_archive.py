"""Move bookings to the archive with what belongs to them, and keep the sums of what leaves it."""

import django.db.models.deletion
from django.db import migrations, models

import evently.database.functions
import evently.database.ids
from evently.audit.migration import audited
from evently.database.money import MoneyField
from evently.database.sql import foreign_key
from evently.database.versioned import replace_function

STATUSES = [("pending", "Pending"), ("confirmed", "Confirmed"), ("cancelled", "Cancelled")]
COLUMNS = (
    "id, user_id, event_id, organizer_id, quantity, unit_price, total_amount, status, booking_reference, version,"
    " created_at, updated_at, expires_at, cancelled_at, cancel_reason, cancelled_by,"
    " idempotency_key"
)
# Read with the rights of the role that asks, policies included.
VIEW = f"""
CREATE VIEW bookings_with_archived WITH (security_invoker = true) AS
    SELECT {COLUMNS}, quote_id, quote_quantity, mailbox, unanswered_policy,
        NULL::timestamptz AS archived_at
    FROM bookings
    UNION ALL
    SELECT {COLUMNS}, NULL, NULL, NULL, parts ->> 'unanswered_policy', archived_at
    FROM bookings_archive
"""
TOTALS = """
CREATE TRIGGER trg_archived_totals_insert AFTER INSERT ON bookings_archive
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION evently_archived_totals();
CREATE TRIGGER trg_archived_totals_delete AFTER DELETE ON bookings_archive
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION evently_archived_totals();
"""
NO_TOTALS = """
DROP TRIGGER trg_archived_totals_insert ON bookings_archive;
DROP TRIGGER trg_archived_totals_delete ON bookings_archive;
"""
# The function that archives writes one line for all bookings of an event.
LOGGED = [
    audited("bookings_archive", actions=["insert"], when=when)[0]
    for when in ("", "evently_retiring() IS NULL")
]


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0024_organizers_checked"),
        ("audit", "0010_lifecycle"),
        ("lifecycle", "0001_initial"),
    ]
    operations = [
        migrations.AddField(
            "archivedbooking", "ended_at", models.DateTimeField(editable=False, null=True)
        ),
        migrations.AddField(
            "archivedbooking",
            "parts",
            models.JSONField(db_default={}, default=dict, editable=False),
        ),
        migrations.CreateModel(
            name="ArchivedTotals",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=evently.database.functions.UuidV7(),
                        default=evently.database.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("status", models.TextField(choices=STATUSES)),
                ("bookings", models.BigIntegerField()),
                ("seats", models.BigIntegerField()),
                ("amount", MoneyField(max_digits=18)),
                (
                    "event",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="archived_totals",
                        to="events.event",
                    ),
                ),
            ],
            options={
                "db_table": "archived_totals",
                "constraints": [
                    models.UniqueConstraint(fields=("event", "status"), name="unq_archived_totals")
                ],
            },
        ),
        foreign_key("archived_totals", "event_id", "events", on_delete="RESTRICT"),
        replace_function("bookings", "archived_totals", version=1, previous=None),
        migrations.RunSQL(TOTALS, NO_TOTALS),
        migrations.RunSQL(LOGGED[0].reverse_sql, LOGGED[0].sql),
        LOGGED[1],
        migrations.RunSQL(VIEW, "DROP VIEW bookings_with_archived"),
        replace_function("bookings", "archive_bookings", version=1, previous=None),
    ]
