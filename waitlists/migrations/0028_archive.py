"""Keep the seats of archived bookings taken."""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("waitlists", "0027_forget_in_trail"), ("bookings", "0027_retention")]
    operations = [
        replace_function("waitlists", "ledger_bookings", version=8, previous=7),
        replace_function("waitlists", "recount_seats", version=2, previous=1),
    ]
