"""Count the failed emails of events, as the dashboard does, without reading them."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0068_early_reports")]
    operations = [
        # Building it waits for transactions that are open already.
        migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "emaildelivery",
            models.Index(
                fields=["event", "-created_at", "-id"],
                include=["kind", "status", "organizer_id", "user"],
                name="idx_delivery_failed_of_event",
                condition=models.Q(status__in=["failed", "bounced"]),
            ),
        ),
        # The same order, without the columns.
        RemoveIndexConcurrently("emaildelivery", "idx_delivery_event_failed"),
        # As manage.py migrate sets it, for the migrations that follow in this session.
        migrations.RunSQL("SET lock_timeout = '5s'", migrations.RunSQL.noop),
    ]
