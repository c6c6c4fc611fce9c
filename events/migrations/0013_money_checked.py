"""Check the rows that were there before."""

from django.db import migrations

from evently.database.decimals import validate_checks


class Migration(migrations.Migration):
    dependencies = [("events", "0012_money")]
    operations = [validate_checks("events"), validate_checks("pricing_history")]
