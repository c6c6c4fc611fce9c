"""Index the words of events, and drop the index of the search that they replace."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("events", "0010_fill_search_tables")]
    operations = [
        migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "eventwords",
            GinIndex(fastupdate=False, fields=["vector"], name="idx_event_words"),
        ),
        RemoveIndexConcurrently("event", "idx_events_search"),
        migrations.RunSQL("ANALYZE event_words, search_words", migrations.RunSQL.noop),
    ]
