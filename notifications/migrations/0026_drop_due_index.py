from django.db import migrations

DUE = (
    "CREATE INDEX idx_notifications_due ON notifications (next_attempt_at) WHERE status = 'pending'"
)


class Migration(migrations.Migration):
    """Drop the index that the one on urgency replaces."""

    dependencies = [("notifications", "0025_email_urgency")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL("DROP INDEX idx_notifications_due", DUE)],
            state_operations=[migrations.RemoveIndex("notification", "idx_notifications_due")],
        )
    ]
