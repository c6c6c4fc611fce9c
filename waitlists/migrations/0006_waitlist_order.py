"""The index of the waitlist's order, which follows `ranked_at`; and the constraints of 0005."""

from django.contrib.postgres.operations import (
    AddIndexConcurrently,
    RemoveIndexConcurrently,
    ValidateConstraint,
)
from django.db import migrations, models
from django.db.models import F
from django.db.models.functions import Coalesce


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("waitlists", "0005_moved_by_organizers")]
    operations = [
        ValidateConstraint("waitlistentry", "chk_waitlist_ranked_reason"),
        ValidateConstraint("promotion", "chk_promotion_by_hand"),
        # A concurrent build waits for open transactions.
        migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "waitlistentry",
            models.Index(
                F("event"),
                F("priority_score").desc(),
                Coalesce("ranked_at", "joined_at"),
                F("id"),
                name="idx_waitlists_order",
                condition=models.Q(status="waiting"),
            ),
        ),
        RemoveIndexConcurrently("waitlistentry", "idx_waitlists_priority_joined"),
        migrations.RunSQL("SET lock_timeout = '5s'", migrations.RunSQL.noop),
    ]
