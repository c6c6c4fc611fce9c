"""Find the few public events in a range of prices by their index under any role."""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("events", "0035_first_start")]
    operations = [replace_function("events", "priced", version=1, previous=None)]
