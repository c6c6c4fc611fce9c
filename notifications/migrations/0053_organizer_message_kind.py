"""Let the database accept the notification that an organizer has written a message."""

from importlib import import_module

from django.db import migrations

from notifications.migration import allow_kinds

KINDS_BEFORE = import_module("notifications.migrations.0051_offer_moved_kind").KINDS
KINDS = (*KINDS_BEFORE, "organizer_message")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0052_organizer_messages")]
    operations = allow_kinds(KINDS, before=KINDS_BEFORE)
