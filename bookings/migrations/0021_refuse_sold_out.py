"""Refuse seats of an event that is sold out without trying to book them."""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("bookings", "0020_drop_unused_index"), ("idempotency", "0003_release_key")]
    operations = [replace_function("bookings", "refuse_sold_out", version=1, previous=None)]
