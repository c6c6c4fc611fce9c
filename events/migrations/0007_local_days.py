"""The local days of an event, by which it is found."""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("events", "0006_signed_prices")]
    operations = [replace_function("events", "local_days", version=1, previous=None)]
