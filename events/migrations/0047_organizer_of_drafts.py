"""Tell those who manage an unpublished event what will be public of its organizer."""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("events", "0046_ended_indexed")]
    operations = [replace_function("events", "organizer", version=2, previous=1)]
