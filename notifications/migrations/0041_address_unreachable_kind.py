"""Let the database accept the notification that emails to a person's address come back."""

from importlib import import_module

from django.db import migrations

from notifications.migration import allow_kinds

KINDS_BEFORE = import_module("notifications.migrations.0035_data_export_kind").KINDS
KINDS = (*KINDS_BEFORE, "address_unreachable")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0040_returns")]
    operations = allow_kinds(KINDS, before=KINDS_BEFORE)
