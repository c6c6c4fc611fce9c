"""Find the texts for emails that could not be filled, which the dashboard lists."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0055_event_emails")]
    operations = [
        AddIndexConcurrently(
            "eventemail",
            models.Index(
                fields=["event"],
                name="idx_event_emails_failed",
                condition=models.Q(failed_at__isnull=False),
            ),
        )
    ]
