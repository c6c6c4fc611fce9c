"""Check the rows that were there before."""

from django.db import migrations

from evently.database.decimals import validate_checks


class Migration(migrations.Migration):
    dependencies = [("bookings", "0006_money")]
    operations = [validate_checks("bookings"), validate_checks("payments")]
