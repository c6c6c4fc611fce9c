"""Organizers move entries to a position, and make offers out of order; both with a reason."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("waitlists", "0004_promises")]
    operations = [
        migrations.AddField(
            "waitlistentry",
            "ranked_at",
            models.DateTimeField(null=True, blank=True, editable=False),
        ),
        migrations.AddField(
            "promotion",
            "organizer_reason",
            models.TextField(db_default="", default="", blank=True),
        ),
        migrations.AddField(
            "promotion", "position_before", models.IntegerField(null=True, blank=True)
        ),
        AddConstraintNotValid(
            "waitlistentry",
            models.CheckConstraint(
                name="chk_waitlist_ranked_reason",
                condition=Q(ranked_at__isnull=True) | ~Q(priority_reason=""),
            ),
        ),
        AddConstraintNotValid(
            "promotion",
            models.CheckConstraint(
                name="chk_promotion_by_hand",
                condition=Q(organizer_reason="", position_before__isnull=True)
                | (
                    Q(position_before__isnull=False, position_before__gt=0)
                    & ~Q(organizer_reason="")
                ),
            ),
        ),
        replace_function("waitlists", "rank_line", version=2, previous=1),
        replace_function("waitlists", "waitlists_join", version=2, previous=1),
        replace_function("waitlists", "promotions_update", version=2, previous=1),
    ]
