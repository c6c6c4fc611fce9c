"""Find the emails of an event that came back, or were reported as spam."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0057_resend_runs")]
    operations = [
        # Building it waits for transactions that are open already.
        migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "emailreturn",
            models.Index(
                fields=["event_id", "delivery_id"],
                name="idx_returns_failed",
                condition=models.Q(outcome__in=["bounced", "complained"]),
            ),
        ),
        # As manage.py migrate sets it, for the migrations that follow in this session.
        migrations.RunSQL("SET lock_timeout = '5s'", migrations.RunSQL.noop),
    ]
