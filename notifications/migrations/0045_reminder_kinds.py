"""Let the database accept reminders and thanks."""

from importlib import import_module

from django.db import migrations

from notifications.migration import allow_kinds

KINDS_BEFORE = import_module("notifications.migrations.0041_address_unreachable_kind").KINDS
KINDS = (*KINDS_BEFORE, "reminder", "payment_reminder", "offer_ending", "event_over")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0044_urgency_of_reminders")]
    operations = allow_kinds(KINDS, before=KINDS_BEFORE)
