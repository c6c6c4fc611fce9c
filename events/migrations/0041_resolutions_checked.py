"""Check the figures that were there before."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("events", "0040_resolutions_indexed")]
    operations = [
        ValidateConstraint("eventmetric", "chk_metric_resolution"),
        ValidateConstraint("eventmetric", "chk_metric_realtime"),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AddConstraint(
                    "eventmetric",
                    models.UniqueConstraint(
                        fields=["event", "metric_type", "resolution", "recorded_at"],
                        name="unq_event_metric",
                    ),
                )
            ],
            database_operations=[
                migrations.RunSQL(
                    "ALTER TABLE event_analytics ADD CONSTRAINT unq_event_metric"
                    " UNIQUE USING INDEX unq_event_metric",
                    "ALTER TABLE event_analytics DROP CONSTRAINT unq_event_metric",
                )
            ],
        ),
    ]
