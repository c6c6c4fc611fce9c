"""Find the emails of a provider or kind of which there are few."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0064_cover_emails_of_events")]
    operations = [
        # Building it waits for transactions that are open already.
        migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "emaildelivery",
            models.Index(
                fields=["provider", "kind", "-created_at", "-id"],
                include=["status"],
                name="idx_delivery_provider",
            ),
        ),
        # As manage.py migrate sets it, for the migrations that follow in this session.
        migrations.RunSQL("SET lock_timeout = '5s'", migrations.RunSQL.noop),
    ]
