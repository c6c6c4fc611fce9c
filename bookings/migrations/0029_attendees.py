"""Return the attendees of an event to its organizer without asking for each of them."""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("bookings", "0028_row_security"), ("events", "0034_row_security")]
    operations = [replace_function("bookings", "attendees", version=1, previous=None)]
