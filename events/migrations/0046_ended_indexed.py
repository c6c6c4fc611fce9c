"""Find the events that ended lately and thank their attendees."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import Coalesce


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("events", "0045_reminders_checked")]
    operations = [
        # A concurrent build waits for open transactions.
        migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "event",
            models.Index(
                Coalesce("ends_at", "event_date"),
                name="idx_events_ended",
                condition=Q(sends_thanks=True, published_at__isnull=False) & ~Q(status="cancelled"),
            ),
        ),
        migrations.RunSQL("SET lock_timeout = '5s'", migrations.RunSQL.noop),
    ]
