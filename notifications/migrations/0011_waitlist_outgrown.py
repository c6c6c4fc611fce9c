"""Let the database accept the notification of entries that need more seats than there are."""

from importlib import import_module

from django.db import migrations

from notifications.migration import allow_kinds

KINDS_BEFORE = import_module("notifications.migrations.0010_account_deletion").KINDS
KINDS = (*KINDS_BEFORE, "waitlist_outgrown")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0010_account_deletion")]
    operations = allow_kinds(KINDS, before=KINDS_BEFORE)
