from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    """Log the act, the signature and the database role of each change."""

    dependencies = [("audit", "0002_acts_and_signatures")]
    operations = [
        replace_function("audit", "audit_signed", version=1, previous=None),
        replace_function("audit", "audit_stamp", version=1, previous=None),
        replace_function("audit", "audit_kind", version=1, previous=None),
        replace_function("audit", "audit_insert", version=2, previous=1),
        replace_function("audit", "audit_update", version=2, previous=1),
        replace_function("audit", "audit_delete", version=2, previous=1),
        replace_function("audit", "audit_actor", version=2, previous=1),
        replace_function("audit", "audit_via", version=2, previous=1),
        replace_function("audit", "audit_request", version=2, previous=1),
    ]
