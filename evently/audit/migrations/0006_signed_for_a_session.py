"""Make signatures fit the session that they were made for, not only its process id."""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("audit", "0005_set_context")]
    operations = [replace_function("audit", "audit_signed", version=2, previous=1)]
