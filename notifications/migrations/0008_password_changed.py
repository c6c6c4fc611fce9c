"""Let the database accept the kind of notification that a changed password sends."""

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
)
KINDS = (*KINDS_BEFORE, "password_changed")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0007_delivery_name")]
    operations = allow_kinds(KINDS, before=KINDS_BEFORE)
