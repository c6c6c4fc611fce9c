"""Count, filter and search the emails of an event without reading them."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0063_limit_in_any_zone")]
    operations = [
        # Building it waits for transactions that are open already.
        migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "emaildelivery",
            models.Index(
                fields=["event", "-created_at", "-id"],
                include=["kind", "status", "provider", "organizer_id", "user"],
                name="idx_delivery_of_event",
            ),
        ),
        # The same order, without the columns.
        RemoveIndexConcurrently("emaildelivery", "idx_delivery_event"),
        # As manage.py migrate sets it, for the migrations that follow in this session.
        migrations.RunSQL("SET lock_timeout = '5s'", migrations.RunSQL.noop),
    ]
