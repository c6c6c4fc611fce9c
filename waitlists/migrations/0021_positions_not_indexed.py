"""Keep positions and passes out of B-trees, which each new number would have to enter anew.

A BRIN index leaves the other indexes alone when a position changes (PostgreSQL 16 or newer).
"""

from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("waitlists", "0020_rank_from")]
    operations = [
        # A concurrent build waits for open transactions.
        migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
        RemoveIndexConcurrently("waitlistentry", "idx_waitlists_passes"),
        # No query reads it meanwhile.
        RemoveIndexConcurrently("waitlistentry", "idx_waitlists_event_position"),
        AddIndexConcurrently(
            "waitlistentry",
            BrinIndex(
                fields=["event", "position"],
                name="idx_waitlists_event_position",
                condition=Q(status="waiting"),
            ),
        ),
        migrations.RunSQL("SET lock_timeout = '5s'", migrations.RunSQL.noop),
    ]
