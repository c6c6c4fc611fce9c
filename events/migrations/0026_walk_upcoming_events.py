"""Let searches walk the upcoming events by an index alone, and the sweep find cancelled ones."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("events", "0025_moved_seats")]
    operations = [
        # A concurrent build waits for open transactions.
        migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "event",
            models.Index(
                fields=["id"], name="idx_events_cancelled", condition=Q(status="cancelled")
            ),
        ),
        AddIndexConcurrently(
            "event",
            models.Index(
                fields=["event_date", "id"],
                include=["ends_at", "timezone", "current_price", "sales_start_at", "sales_end_at"],
                name="idx_events_upcoming_2",
                condition=Q(status="active", published_at__isnull=False),
            ),
        ),
        AddIndexConcurrently(
            "event",
            models.Index(
                fields=["current_price"],
                name="idx_events_price",
                condition=Q(status="active", published_at__isnull=False),
            ),
        ),
        RemoveIndexConcurrently("event", "idx_events_upcoming"),
        migrations.RunSQL("SET lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.RenameIndex(
            "event", new_name="idx_events_upcoming", old_name="idx_events_upcoming_2"
        ),
    ]
