"""Look up the fewest seats that a waiting entry needs, instead of searching for one that fits."""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("waitlists", "0021_positions_not_indexed")]
    operations = [replace_function("waitlists", "line_comes_first", version=3, previous=2)]
