"""Find the accounts whose deletion is pending without reading the others."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0007_validate_pending_deletions")]
    operations = [
        # Building it waits for transactions that are open already.
        migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "user",
            models.Index(
                fields=["deletion_due_at"],
                name="idx_users_deletion_due",
                condition=models.Q(deletion_due_at__isnull=False),
            ),
        ),
        # As manage.py migrate sets it, for the migrations that follow in this session.
        migrations.RunSQL("SET lock_timeout = '5s'", migrations.RunSQL.noop),
    ]
