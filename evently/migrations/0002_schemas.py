"""Schemas apart from the public one: people's keys, and secrets that only triggers read."""

from django.db import migrations


class Migration(migrations.Migration):
    """Make room for what is backed up and guarded apart."""

    dependencies = [("evently", "0001_functions")]
    operations = [
        migrations.RunSQL(
            "CREATE SCHEMA IF NOT EXISTS keys; CREATE SCHEMA IF NOT EXISTS secrets;",
            "DROP SCHEMA IF EXISTS secrets; DROP SCHEMA IF EXISTS keys;",
        )
    ]
