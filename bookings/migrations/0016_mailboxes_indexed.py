"""Find the bookings of a mailbox, where they have its digest."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("bookings", "0015_mailboxes")]
    operations = [
        # A concurrent build waits for open transactions.
        migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "booking",
            models.Index(
                fields=["event", "mailbox"],
                name="idx_bookings_mailbox",
                condition=Q(mailbox__isnull=False),
            ),
        ),
        migrations.RunSQL("SET lock_timeout = '5s'", migrations.RunSQL.noop),
    ]
