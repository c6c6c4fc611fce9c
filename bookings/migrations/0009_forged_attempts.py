from django.db import migrations

from evently.audit.migration import audited


class Migration(migrations.Migration):
    """Log booking attempts that the application has not written."""

    dependencies = [("bookings", "0008_attempts_kept"), ("audit", "0003_signed_changes")]
    operations = [*audited("booking_attempts", actions=["insert"], unsigned_only=True)]
