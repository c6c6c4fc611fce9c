"""Give back a claimed key by a function, for refusals that are no rollback."""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("idempotency", "0002_functions")]
    operations = [replace_function("idempotency", "release_key", version=1, previous=None)]
