"""Send emails about second factors at once: they may be about a thief's.

No notification of this kind is older than the function, so the index on it stays right.
"""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("notifications", "0035_data_export_kind")]
    operations = [replace_function("notifications", "email_urgency", version=2, previous=1)]
