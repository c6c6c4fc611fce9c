"""Check the rows that were there before."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("bookings", "0017_attendance")]
    operations = [
        ValidateConstraint("booking", "chk_booking_unanswered"),
        ValidateConstraint("booking", "chk_booking_cancelled_by"),
    ]
