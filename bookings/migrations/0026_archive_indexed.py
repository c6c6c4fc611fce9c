"""Find archived bookings by the end of their event and by time, and attempts that are due."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("bookings", "0025_archive")]
    operations = [
        # A concurrent build waits for open transactions.
        migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "archivedbooking", models.Index(fields=["ended_at", "id"], name="idx_archive_ended")
        ),
        AddIndexConcurrently(
            "archivedbooking", models.Index(F("created_at").desc(), name="idx_archive_recent")
        ),
        AddIndexConcurrently(
            "bookingattempt", models.Index(fields=["attempted_at"], name="idx_attempts_time")
        ),
        migrations.RunSQL("SET lock_timeout = '5s'", migrations.RunSQL.noop),
    ]
