"""Index confirmed entries by the seats they need and by their passes; and check 0011's constraint."""

from django.contrib.postgres.operations import (
    AddIndexConcurrently,
    RemoveIndexConcurrently,
    ValidateConstraint,
)
from django.db import migrations, models
from django.db.models import F, Q

CONFIRMED = Q(status="waiting", confirmed_at__isnull=False)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("waitlists", "0011_public_record")]
    operations = [
        ValidateConstraint("promotion", "chk_promotion_accepted"),
        # A concurrent build waits for open transactions.
        migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "waitlistentry",
            models.Index(
                fields=["event", "min_quantity"], name="idx_waitlists_fits", condition=CONFIRMED
            ),
        ),
        AddIndexConcurrently(
            "waitlistentry",
            models.Index(
                F("event"),
                F("passed_over") - F("public_sales_before"),
                name="idx_waitlists_passes",
                condition=CONFIRMED,
            ),
        ),
        RemoveIndexConcurrently("waitlistentry", "idx_waitlists_event_fits"),
        migrations.RunSQL("SET lock_timeout = '5s'", migrations.RunSQL.noop),
    ]
