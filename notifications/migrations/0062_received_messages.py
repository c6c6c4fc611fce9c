"""Let the database list the messages of an event to those alone who were sent them."""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("notifications", "0061_author_left_checked")]
    operations = [
        replace_function("notifications", "received_messages", version=1, previous=None),
    ]
