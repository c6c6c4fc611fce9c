"""Tell faster whether a person is at an organizer's events: lists ask for each person."""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("waitlists", "0031_row_security")]
    operations = [replace_function("waitlists", "is_mine", version=2, previous=1)]
