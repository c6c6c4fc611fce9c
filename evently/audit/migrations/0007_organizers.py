"""Keep with each change the organizer of its event, who may see it."""

from django.db import migrations, models

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("audit", "0006_signed_for_a_session")]
    operations = [
        migrations.AddField(
            "auditlog",
            "organizer_id",
            models.UUIDField(editable=False, null=True, verbose_name="organizer"),
        ),
        replace_function("audit", "audit_insert", version=3, previous=2),
        replace_function("audit", "audit_update", version=3, previous=2),
        replace_function("audit", "audit_delete", version=3, previous=2),
    ]
