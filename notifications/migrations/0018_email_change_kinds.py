"""Let the database accept the notifications of a changed email address."""

from importlib import import_module

from django.db import migrations

from notifications.migration import allow_kinds

KINDS_BEFORE = import_module("notifications.migrations.0012_held_emails").KINDS
KINDS = (*KINDS_BEFORE, "email_change", "email_changed")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0017_forged_deliveries")]
    operations = allow_kinds(KINDS, before=KINDS_BEFORE)
