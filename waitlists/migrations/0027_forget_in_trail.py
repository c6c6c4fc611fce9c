from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    """Erase what organizers wrote about a person: in offers that ended, and in the audit trail."""

    dependencies = [
        ("waitlists", "0026_organizers_checked"),
        ("audit", "0009_redaction"),
        ("bookings", "0024_organizers_checked"),
        ("accounts", "0014_guests"),
    ]
    operations = [
        replace_function("waitlists", "promotions_update", version=4, previous=3),
        replace_function("waitlists", "forget_in_trail", version=1, previous=None),
    ]
