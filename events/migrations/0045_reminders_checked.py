"""Check the rows that were there before."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("events", "0044_reminders")]
    operations = [ValidateConstraint("event", "chk_event_reminder")]
