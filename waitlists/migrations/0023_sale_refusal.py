"""Say in one function why seats are not sold, for the ledger and for events that are sold out."""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("waitlists", "0022_smallest_that_fits")]
    operations = [
        replace_function("waitlists", "sale_refusal", version=1, previous=None),
        replace_function("waitlists", "ledger_bookings", version=7, previous=6),
    ]
