"""Figures of events by minute, hour and day, one row for each bucket."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q

RESOLUTIONS = ["minute", "hour", "day"]
CHOICES = [("minute", "Minute"), ("hour", "Hour"), ("day", "Day")]


class Migration(migrations.Migration):
    dependencies = [("events", "0038_price_bounds_checked")]
    operations = [
        migrations.CreateModel(
            "RollUp",
            [
                (
                    "resolution",
                    models.TextField(choices=CHOICES, primary_key=True, serialize=False),
                ),
                ("done_until", models.DateTimeField()),
                ("checked_at", models.DateTimeField(null=True)),
                ("differences", models.IntegerField(null=True)),
            ],
            options={"db_table": "roll_ups"},
        ),
        migrations.AddConstraint(
            "rollup",
            models.CheckConstraint(
                condition=Q(resolution__in=RESOLUTIONS), name="chk_roll_up_resolution"
            ),
        ),
        migrations.AddField(
            "eventmetric",
            "resolution",
            models.TextField(choices=CHOICES, db_default="hour", default="hour"),
        ),
        AddConstraintNotValid(
            "eventmetric",
            models.CheckConstraint(
                condition=Q(resolution__in=RESOLUTIONS), name="chk_metric_resolution"
            ),
        ),
        AddConstraintNotValid(
            "eventmetric",
            models.CheckConstraint(
                condition=Q(is_realtime=True, resolution="minute")
                | Q(is_realtime=False) & ~Q(resolution="minute"),
                name="chk_metric_realtime",
            ),
        ),
    ]
