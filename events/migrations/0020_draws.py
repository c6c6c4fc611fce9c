"""Say on the event until when its pending draw can be joined; its draws keep it (`waitlists`)."""

from django.db import migrations, models

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("events", "0019_waitlist_rules_checked")]
    operations = [
        migrations.AddField(
            "event",
            "draw_closes_at",
            models.DateTimeField(blank=True, editable=False, null=True),
        ),
        replace_function("events", "events_insert", version=2, previous=1),
        replace_function("events", "events_update", version=2, previous=1),
    ]
