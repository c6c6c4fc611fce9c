from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    """Let one function of the owner redact what the trail has about an erased person."""

    dependencies = [("audit", "0008_fill_organizers")]
    operations = [replace_function("audit", "audit_append_only", version=2, previous=1)]
