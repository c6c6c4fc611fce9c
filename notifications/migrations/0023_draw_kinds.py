"""Let the database accept the notifications of draws."""

from importlib import import_module

from django.db import migrations

from notifications.migration import allow_kinds

KINDS_BEFORE = import_module("notifications.migrations.0022_attendance_kinds").KINDS
KINDS = (
    *KINDS_BEFORE,
    "draw_announced",
    "draw_joined",
    "draw_done",
    "draw_void",
    "draw_numbers",
)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0022_attendance_kinds")]
    operations = allow_kinds(KINDS, before=KINDS_BEFORE)
