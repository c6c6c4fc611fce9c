"""Say how much of a quote is used up, whoever booked with it."""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("bookings", "0027_retention")]
    operations = [replace_function("bookings", "quoted_seats", version=1, previous=None)]
