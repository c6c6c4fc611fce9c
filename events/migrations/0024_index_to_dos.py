"""Find drafts, and events whose sales start soon, without reading all events."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("events", "0023_asking_indexed")]
    operations = [
        # A concurrent build waits for open transactions.
        migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "event",
            models.Index(
                fields=["event_date"],
                name="idx_events_drafts",
                condition=Q(status="active", published_at__isnull=True),
            ),
        ),
        AddIndexConcurrently(
            "event",
            models.Index(
                fields=["sales_start_at"],
                name="idx_events_sales_start",
                condition=Q(status="active", sales_start_at__isnull=False),
            ),
        ),
        migrations.RunSQL("SET lock_timeout = '5s'", migrations.RunSQL.noop),
    ]
