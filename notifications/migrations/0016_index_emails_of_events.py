"""Find the emails of an event, and those of them that failed, without reading the others."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0015_fill_events_of_emails")]
    operations = [
        # Building them waits for transactions that are open already.
        migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "emaildelivery",
            models.Index(
                F("event"), F("created_at").desc(), F("id").desc(), name="idx_delivery_event"
            ),
        ),
        AddIndexConcurrently(
            "emaildelivery",
            models.Index(
                F("event"),
                F("created_at").desc(),
                F("id").desc(),
                name="idx_delivery_event_failed",
                condition=models.Q(status__in=["failed", "bounced"]),
            ),
        ),
        # As manage.py migrate sets it, for the migrations that follow in this session.
        migrations.RunSQL("SET lock_timeout = '5s'", migrations.RunSQL.noop),
    ]
