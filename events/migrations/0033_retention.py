"""Compress old price changes, let them go to cold storage, and let old imports expire."""

from django.db import migrations

from evently.database.versioned import replace_function
from evently.lifecycle.migration import deleted_after, to_cold_after


class Migration(migrations.Migration):
    dependencies = [("events", "0032_organizers_checked"), ("lifecycle", "0001_initial")]
    operations = [
        replace_function("events", "guard_price_history", version=2, previous=1),
        replace_function("events", "compress_prices", version=1, previous=None),
        to_cold_after("5 years", "pricing_history", at="applied_at"),
        deleted_after("1 year", "event_imports", at="updated_at"),
    ]
