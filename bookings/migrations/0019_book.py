"""Write a booking with all that belongs to it by one function."""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0018_attendance_checked"),
        ("audit", "0005_set_context"),
        ("idempotency", "0002_functions"),
    ]
    operations = [
        replace_function("bookings", "book", version=1, previous=None),
        replace_function("bookings", "log_refusal", version=1, previous=None),
    ]
