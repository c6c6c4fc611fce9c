"""Let the database accept the kinds of notification about deleting an account."""

from django.db import migrations

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
)
KINDS = (*KINDS_BEFORE, "confirm_deletion", "deletion_requested", "account_deleted")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0009_true_sentences")]
    operations = allow_kinds(KINDS, before=KINDS_BEFORE)
