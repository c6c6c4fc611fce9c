"""Functions for the policies of row-level security, which say about other rows just what they ask."""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0033_retention"),
        ("privacy", "0001_person_keys"),
    ]
    operations = [
        replace_function("events", "is_published", version=1, previous=None),
        replace_function("events", "managed_by", version=1, previous=None),
        replace_function("events", "manages", version=1, previous=None),
        replace_function("events", "organizer", version=1, previous=None),
        replace_function("events", "organizer_state", version=1, previous=None),
    ]
