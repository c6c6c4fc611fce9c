"""Drop old partitions of notifications, and let old emails in the log expire."""

from django.db import migrations

from evently.database.versioned import replace_function
from evently.lifecycle.migration import deleted_after


class Migration(migrations.Migration):
    dependencies = [("notifications", "0033_second_factor_kind"), ("lifecycle", "0001_initial")]
    operations = [
        replace_function("notifications", "drop_notification_partition", version=1, previous=None),
        deleted_after("1 year", "notifications_default", at="created_at"),
        deleted_after("1 year", "email_delivery_log", at="created_at", order="created_at"),
        deleted_after("1 year", "email_resends", at="created_at"),
        deleted_after("400 days", "message_keys", at="created_at", logged=False),
    ]
