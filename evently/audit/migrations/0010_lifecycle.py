"""Let rows leave for archive and cold storage with one line in the audit log for all of them."""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("audit", "0009_redaction"), ("lifecycle", "0001_initial")]
    operations = [
        replace_function("audit", "audit_delete", version=4, previous=3),
        replace_function("audit", "audit_append_only", version=3, previous=2),
    ]
