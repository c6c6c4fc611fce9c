"""Let the delivery log hold emails back, and merge them into one."""

from django.db import migrations, models

from notifications.migration import allow_kinds

KINDS_BEFORE = (
    "welcome",
    "verify_address",
    "account_exists",
    "password_reset",
    "login_link",
    "booking_confirm",
    "cancellation",
    "waitlist_join",
    "waitlist_promotion",
    "promotion_ended",
    "waitlist_closed",
    "event_cancelled",
    "event_changed",
    "notification",
    "guest_refused",
    "password_ended",
    "password_changed",
    "confirm_deletion",
    "deletion_requested",
    "account_deleted",
    "waitlist_outgrown",
)
KINDS = (*KINDS_BEFORE, "held_emails")

STATUSES_BEFORE = ["pending", "sent", "delivered", "failed", "bounced"]
STATUSES = ["pending", "held", "merged", "sent", "delivered", "failed", "bounced"]
CHOICES = [
    ("pending", "Pending"),
    ("held", "Held back"),
    ("merged", "Part of another email"),
    ("sent", "Sent"),
    ("delivered", "Delivered"),
    ("failed", "Failed"),
    ("bounced", "Bounced"),
]

# A string of several statements is one transaction; it reads no rows.
SWAP = """
SET LOCAL lock_timeout = '5s';
ALTER TABLE email_delivery_log DROP CONSTRAINT chk_delivery_status;
ALTER TABLE email_delivery_log ADD CONSTRAINT chk_delivery_status
    CHECK (status IN ({statuses})) NOT VALID;
"""
# Before the way back: rows that the old constraint does not allow.
FORGET = """
UPDATE email_delivery_log SET status = 'pending' WHERE status = 'held';
UPDATE email_delivery_log SET status = 'sent' WHERE status = 'merged';
"""
VALIDATE = "ALTER TABLE email_delivery_log VALIDATE CONSTRAINT chk_delivery_status"


def swap(statuses):
    return SWAP.format(statuses=", ".join(f"'{status}'" for status in statuses))


class Migration(migrations.Migration):
    # Each step commits by itself, so that no lock outlasts it; each may be run again.
    atomic = False

    dependencies = [("notifications", "0011_waitlist_outgrown")]
    operations = [
        *allow_kinds(KINDS, before=KINDS_BEFORE),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                # Backwards these run in reverse order, so each is the other's way back.
                migrations.RunSQL(swap(STATUSES), VALIDATE),
                migrations.RunSQL(VALIDATE, swap(STATUSES_BEFORE)),
                migrations.RunSQL(migrations.RunSQL.noop, FORGET),
            ],
            state_operations=[
                migrations.AlterField(
                    "emaildelivery",
                    "status",
                    models.TextField(choices=CHOICES, db_default="pending", default="pending"),
                ),
                migrations.RemoveConstraint("emaildelivery", "chk_delivery_status"),
                migrations.AddConstraint(
                    "emaildelivery",
                    models.CheckConstraint(
                        condition=models.Q(("status__in", STATUSES)), name="chk_delivery_status"
                    ),
                ),
            ],
        ),
    ]
