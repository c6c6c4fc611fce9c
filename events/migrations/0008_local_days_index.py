"""An index of the local days of events."""

from django.contrib.postgres.indexes import GistIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations

from events.local_days import LocalDays


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("events", "0007_local_days")]
    operations = [
        migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "event",
            GistIndex(LocalDays(), name="idx_events_local_days"),
        ),
    ]
