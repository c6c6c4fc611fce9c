"""Find or create guests by one function, and check their access while they book."""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("accounts", "0013_user_timezone"), ("audit", "0005_set_context")]
    operations = [
        replace_function("accounts", "guest", version=1, previous=None),
        replace_function("accounts", "access_ended", version=1, previous=None),
    ]
