"""A clock that is read in a quarter of the time."""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    """Replace the function `evently_clock`."""

    dependencies = [("evently", "0002_schemas")]
    operations = [replace_function("evently", "clock", version=2, previous=1)]
