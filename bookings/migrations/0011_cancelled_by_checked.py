"""Check the rows that were there before.

Theirs stays empty: who cancelled follows from their reason (`bookings.presenters.cancellation`).
"""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("bookings", "0010_cancelled_by")]
    operations = [ValidateConstraint("booking", "chk_booking_cancelled_by")]
