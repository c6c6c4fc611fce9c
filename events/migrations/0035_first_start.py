"""Let lists begin at the first event of a day, found by the index of days under any role."""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("events", "0034_row_security")]
    operations = [replace_function("events", "first_start", version=1, previous=None)]
