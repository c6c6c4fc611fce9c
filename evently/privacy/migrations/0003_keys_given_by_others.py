from django.db import migrations

from evently.audit.migration import audited


class Migration(migrations.Migration):
    """Log keys that are inserted by other clients than the application.

    The application makes a key with its user, whose row is logged.
    """

    dependencies = [("privacy", "0002_changed_keys")]
    operations = [
        *audited("keys.person_keys", key="user_id", actions=["insert"], unsigned_only=True)
    ]
