"""Record whether attendees were notified of the latest change of an event."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("events", "0004_cancel_reason")]
    operations = [
        migrations.AddField(
            "event", "last_change", models.JSONField(null=True, blank=True, editable=False)
        ),
    ]
