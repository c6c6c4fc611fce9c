"""Let the database accept the email that lets the owner of an address confirm a place."""

from importlib import import_module

from django.db import migrations

from notifications.migration import allow_kinds

KINDS_BEFORE = import_module("notifications.migrations.0018_email_change_kinds").KINDS
KINDS = (*KINDS_BEFORE, "waitlist_confirm")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0018_email_change_kinds")]
    operations = allow_kinds(KINDS, before=KINDS_BEFORE)
