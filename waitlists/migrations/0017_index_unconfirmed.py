"""Index unconfirmed entries, among which the periodic sweep looks for confirmed addresses."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("waitlists", "0016_mailboxes_indexed")]
    operations = [
        # A concurrent build waits for open transactions.
        migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "waitlistentry",
            models.Index(
                fields=["user"],
                name="idx_waitlists_unconfirmed",
                condition=Q(status="waiting", confirmed_at__isnull=True),
            ),
        ),
        migrations.RunSQL("SET lock_timeout = '5s'", migrations.RunSQL.noop),
    ]
