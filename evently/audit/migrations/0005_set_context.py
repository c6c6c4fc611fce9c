"""Let functions that are a transaction of their own set who makes its changes."""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_index_by_act")]
    operations = [replace_function("audit", "audit_set_context", version=1, previous=None)]
