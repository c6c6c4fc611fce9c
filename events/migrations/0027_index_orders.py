"""Sort events by name, and by price where many have the same, without reading all of them."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("events", "0026_walk_upcoming_events")]
    operations = [
        # A concurrent build waits for open transactions.
        migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "event",
            models.Index(
                fields=["name", "id"],
                name="idx_events_name",
                condition=Q(status="active", published_at__isnull=False),
            ),
        ),
        AddIndexConcurrently(
            "event",
            models.Index(
                fields=["current_price", "id"],
                name="idx_events_price_2",
                condition=Q(status="active", published_at__isnull=False),
            ),
        ),
        RemoveIndexConcurrently("event", "idx_events_price"),
        migrations.RunSQL("SET lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.RenameIndex("event", new_name="idx_events_price", old_name="idx_events_price_2"),
    ]
