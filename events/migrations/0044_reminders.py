"""Let events remind their attendees of the start, and thank them afterwards."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("events", "0043_lost_demand")]
    operations = [
        migrations.AddField(
            "event",
            "reminder_hours",
            models.SmallIntegerField(blank=True, db_default=24, default=24, null=True),
        ),
        migrations.AddField(
            "event",
            "sends_thanks",
            models.BooleanField("thank attendees", db_default=True, default=True),
        ),
        AddConstraintNotValid(
            "event",
            models.CheckConstraint(
                name="chk_event_reminder",
                condition=Q(reminder_hours__isnull=True)
                | Q(reminder_hours__gte=1, reminder_hours__lte=336),
            ),
        ),
        replace_function("events", "reminded_from", version=1, previous=None),
        replace_function("events", "thanked_from", version=1, previous=None),
    ]
