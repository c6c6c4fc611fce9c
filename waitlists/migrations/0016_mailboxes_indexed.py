"""Find the entries of a mailbox; and allow it one confirmed place that is open, per event."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("waitlists", "0015_mailboxes")]
    operations = [
        # A concurrent build waits for open transactions.
        migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "waitlistentry",
            models.Index(
                fields=["event", "mailbox"],
                name="idx_waitlists_mailbox",
                condition=Q(mailbox__isnull=False),
            ),
        ),
        migrations.RunSQL(
            "CREATE UNIQUE INDEX CONCURRENTLY unq_mailbox_event_waitlist"
            " ON waitlists (event_id, mailbox) WHERE mailbox IS NOT NULL"
            " AND confirmed_at IS NOT NULL AND status IN ('waiting', 'promoted')",
            "DROP INDEX CONCURRENTLY unq_mailbox_event_waitlist",
            state_operations=[
                migrations.AddConstraint(
                    "waitlistentry",
                    models.UniqueConstraint(
                        fields=["event", "mailbox"],
                        name="unq_mailbox_event_waitlist",
                        condition=Q(
                            mailbox__isnull=False,
                            confirmed_at__isnull=False,
                            status__in=["waiting", "promoted"],
                        ),
                    ),
                )
            ],
        ),
        migrations.RunSQL("SET lock_timeout = '5s'", migrations.RunSQL.noop),
    ]
