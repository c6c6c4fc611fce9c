"""Let the database accept the notifications about who is still coming."""

from importlib import import_module

from django.db import migrations

from notifications.migration import allow_kinds

KINDS_BEFORE = import_module("notifications.migrations.0020_ticket_kinds").KINDS
KINDS = (
    *KINDS_BEFORE,
    "attendance_asked",
    "attendance_asked_again",
    "attendance_returned",
    "seats_given_back",
)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0021_order_by_rules")]
    operations = allow_kinds(KINDS, before=KINDS_BEFORE)
