from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Find the acts of an event, of a person and of all, newest first, and count their changes."""

    atomic = False
    dependencies = [("audit", "0003_signed_changes")]
    operations = [
        # A concurrent build waits for transactions that are already open.
        migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "auditlog",
            models.Index(
                fields=["event_id", "act", "table_name", "kind"],
                name="idx_audit_event_act",
                condition=Q(event_id__isnull=False),
            ),
        ),
        AddIndexConcurrently(
            "auditlog",
            models.Index(
                fields=["event_id", "actor", "act"],
                name="idx_audit_event_actor",
                condition=Q(event_id__isnull=False),
            ),
        ),
        AddIndexConcurrently(
            "auditlog", models.Index(fields=["act", "table_name", "kind"], name="idx_audit_act")
        ),
        AddIndexConcurrently(
            "auditlog", models.Index(fields=["actor", "act"], name="idx_audit_actor_act")
        ),
        RemoveIndexConcurrently("auditlog", "idx_audit_event"),
        RemoveIndexConcurrently("auditlog", "idx_audit_actor"),
    ]
