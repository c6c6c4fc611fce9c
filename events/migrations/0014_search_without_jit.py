from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    """Save an event without compiling the function that makes its search words."""

    dependencies = [("events", "0013_money_checked")]
    operations = [replace_function("events", "search_vector", version=2, previous=1)]
