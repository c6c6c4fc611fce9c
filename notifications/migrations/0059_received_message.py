"""Let the database say what a message says to those alone who were sent it."""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("notifications", "0058_index_failed_returns")]
    operations = [
        replace_function("notifications", "received_message", version=1, previous=None),
    ]
