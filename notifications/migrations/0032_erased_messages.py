from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    """Let the texts of notifications be erased with the person whom they were for."""

    dependencies = [
        ("notifications", "0031_organizers_checked"),
        ("accounts", "0014_guests"),
    ]
    operations = [replace_function("notifications", "notification_frozen", version=2, previous=1)]
