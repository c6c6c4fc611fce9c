"""Refuse bookings with a quote whose seats are booked (`trg_quote_used`)."""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("waitlists", "0006_waitlist_order"), ("bookings", "0005_quotes_indexed")]
    operations = [replace_function("waitlists", "ledger_bookings", version=2, previous=1)]
