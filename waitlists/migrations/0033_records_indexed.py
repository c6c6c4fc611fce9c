"""Index when things happened to waitlists, for the figures of events."""

from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("waitlists", "0032_is_mine")]
    operations = [
        # A concurrent build waits for open transactions.
        migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "lineevent", BrinIndex(fields=["at"], name="idx_line_events_at", autosummarize=True)
        ),
    ]
