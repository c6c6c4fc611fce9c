"""Secure partitions of notifications as they are made, which bear no policies of their own."""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("notifications", "0036_urgency_of_second_factors")]
    operations = [
        replace_function("notifications", "make_notification_partitions", version=2, previous=1)
    ]
