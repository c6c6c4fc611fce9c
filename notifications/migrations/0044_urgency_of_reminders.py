"""Send reminders of offers and payments at once: they are about what ends soon.

Before the kinds themselves are allowed, so that no notification of them is older than the function,
and the index on it stays right.
"""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("notifications", "0043_more_shipped_templates")]
    operations = [replace_function("notifications", "email_urgency", version=3, previous=2)]
