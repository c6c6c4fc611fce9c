"""Let the database accept the notification that an email about an offer did not arrive in time."""

from importlib import import_module

from django.db import migrations

from notifications.migration import allow_kinds

KINDS_BEFORE = import_module("notifications.migrations.0045_reminder_kinds").KINDS
KINDS = (*KINDS_BEFORE, "offer_moved")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0050_template_history")]
    operations = allow_kinds(KINDS, before=KINDS_BEFORE)
