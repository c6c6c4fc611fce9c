"""Check the rows that were there before."""

from django.db import migrations

from evently.database.decimals import validate_checks


class Migration(migrations.Migration):
    dependencies = [("waitlists", "0008_money")]
    operations = [validate_checks("waitlists"), validate_checks("waitlist_promotions")]
