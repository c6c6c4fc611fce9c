"""Find the emails that are not sent yet without reading all that were."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0027_announcements")]
    operations = [
        # Building it waits for transactions that are open already.
        migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "emaildelivery",
            models.Index(
                F("created_at").desc(),
                F("id").desc(),
                name="idx_delivery_waiting",
                condition=models.Q(status__in=["pending", "held"]),
            ),
        ),
        # As manage.py migrate sets it, for the migrations that follow in this session.
        migrations.RunSQL("SET lock_timeout = '5s'", migrations.RunSQL.noop),
    ]
