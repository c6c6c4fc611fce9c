from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    """Redact the trail of rows that have moved to an archive, too."""

    dependencies = [("waitlists", "0029_archived_entries")]
    operations = [replace_function("waitlists", "forget_in_trail", version=2, previous=1)]
