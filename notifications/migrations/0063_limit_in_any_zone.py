"""Limit how many messages to attendees there are, whatever time zone an event is moved to."""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("notifications", "0062_received_messages")]
    operations = [
        replace_function("notifications", "organizer_message_limit", version=2, previous=1),
    ]
