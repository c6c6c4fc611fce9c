"""Let the database accept the notifications of tickets that are handed over."""

from importlib import import_module

from django.db import migrations

from notifications.migration import allow_kinds

KINDS_BEFORE = import_module("notifications.migrations.0019_waitlist_confirm").KINDS
KINDS = (*KINDS_BEFORE, "ticket_offered", "ticket_accepted", "ticket_received", "ticket_void")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0019_waitlist_confirm")]
    operations = allow_kinds(KINDS, before=KINDS_BEFORE)
