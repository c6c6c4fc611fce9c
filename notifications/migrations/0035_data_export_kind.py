"""Let the database accept the notification about a data export."""

from importlib import import_module

from django.db import migrations

from notifications.migration import allow_kinds

KINDS_BEFORE = import_module("notifications.migrations.0033_second_factor_kind").KINDS
KINDS = (*KINDS_BEFORE, "data_export_ready")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0034_retention")]
    operations = allow_kinds(KINDS, before=KINDS_BEFORE)
