"""Let events ask their attendees whether they are still coming."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("events", "0020_draws")]
    operations = [
        migrations.AddField(
            "event", "ask_days_before", models.SmallIntegerField(blank=True, null=True)
        ),
        migrations.AddField(
            "event",
            "unanswered_policy",
            models.TextField(
                choices=[
                    ("keep", "They keep their seats"),
                    ("return", "Their seats go to the waitlist"),
                ],
                db_default="keep",
                default="keep",
            ),
        ),
        AddConstraintNotValid(
            "event",
            models.CheckConstraint(
                name="chk_event_ask_days",
                condition=Q(ask_days_before__isnull=True)
                | Q(ask_days_before__gte=3, ask_days_before__lte=14),
            ),
        ),
        AddConstraintNotValid(
            "event",
            models.CheckConstraint(
                name="chk_event_unanswered",
                condition=Q(unanswered_policy__in=["keep", "return"]),
            ),
        ),
        replace_function("events", "asked_from", version=1, previous=None),
    ]
