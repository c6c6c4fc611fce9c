"""The organizer's rules of a waitlist: seats per place, passes, and how long it lasts."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("events", "0017_imports")]
    operations = [
        migrations.AddField(
            "event",
            "max_passes",
            models.SmallIntegerField(
                blank=True,
                choices=[(0, "Never"), (3, "Up to 3 times")],
                db_default=3,
                default=3,
                null=True,
            ),
        ),
        migrations.AddField(
            "event", "max_per_place", models.SmallIntegerField(blank=True, null=True)
        ),
        migrations.AddField(
            "event",
            "waitlist_until_start",
            models.BooleanField(
                db_default=False, default=False, verbose_name="waitlist until the start"
            ),
        ),
        AddConstraintNotValid(
            "event",
            models.CheckConstraint(
                name="chk_event_per_place",
                condition=Q(max_per_place__isnull=True)
                | Q(max_per_place__gte=1, max_per_place__lte=10),
            ),
        ),
        AddConstraintNotValid(
            "event",
            models.CheckConstraint(
                name="chk_event_passes",
                condition=Q(max_passes__isnull=True) | Q(max_passes__in=[0, 3]),
            ),
        ),
    ]
