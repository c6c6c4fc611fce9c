"""One row for each bucket; and index what a roll-up looks for."""

from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

# Evently wrote no such rows before; of others with the same bucket, the newest is kept.
OTHERS = """
DELETE FROM event_analytics a USING event_analytics b
WHERE a.event_id = b.event_id AND a.metric_type = b.metric_type
    AND a.recorded_at = b.recorded_at AND a.is_realtime = b.is_realtime AND a.id < b.id;
UPDATE event_analytics SET resolution = 'minute' WHERE is_realtime AND resolution <> 'minute';
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("events", "0039_resolutions")]
    operations = [
        # A concurrent build waits for open transactions.
        migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
        migrations.RunSQL(OTHERS, migrations.RunSQL.noop),
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS unq_event_metric", migrations.RunSQL.noop
        ),
        migrations.RunSQL(
            "CREATE UNIQUE INDEX CONCURRENTLY unq_event_metric"
            " ON event_analytics (event_id, metric_type, resolution, recorded_at)",
            "DROP INDEX CONCURRENTLY IF EXISTS unq_event_metric",
        ),
        AddIndexConcurrently(
            "eventmetric",
            models.Index(
                fields=["recorded_at"],
                name="idx_analytics_realtime",
                condition=Q(is_realtime=True),
            ),
        ),
        AddIndexConcurrently(
            "pricechange",
            BrinIndex(fields=["applied_at"], name="idx_pricing_applied", autosummarize=True),
        ),
    ]
