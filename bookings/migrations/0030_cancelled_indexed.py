"""Index what was cancelled when, for the figures of events."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("bookings", "0029_attendees")]
    operations = [
        # A concurrent build waits for open transactions.
        migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "booking",
            models.Index(
                fields=["cancelled_at"],
                name="idx_bookings_cancelled",
                condition=Q(cancelled_at__isnull=False),
            ),
        ),
    ]
