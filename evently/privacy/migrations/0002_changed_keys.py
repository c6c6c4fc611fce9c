from django.db import migrations

from evently.audit.migration import audited


class Migration(migrations.Migration):
    """Log changes of people's keys: rotations, and a key that was exchanged for another."""

    dependencies = [("privacy", "0001_person_keys"), ("audit", "0003_signed_changes")]
    operations = [*audited("keys.person_keys", key="user_id", actions=["update"])]
