"""Let the database accept the notifications about second factors."""

from importlib import import_module

from django.db import migrations

from notifications.migration import allow_kinds

KINDS_BEFORE = import_module("notifications.migrations.0023_draw_kinds").KINDS
KINDS = (*KINDS_BEFORE, "second_factor_changed")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0032_erased_messages")]
    operations = allow_kinds(KINDS, before=KINDS_BEFORE)
