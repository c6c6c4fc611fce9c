"""List suppressed addresses, the newest first, without sorting all of them."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0065_index_providers_and_kinds")]
    operations = [
        # Building it waits for transactions that are open already.
        migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "suppression",
            models.Index(fields=["-created_at", "-id"], name="idx_suppressions_recent"),
        ),
        # As manage.py migrate sets it, for the migrations that follow in this session.
        migrations.RunSQL("SET lock_timeout = '5s'", migrations.RunSQL.noop),
    ]
