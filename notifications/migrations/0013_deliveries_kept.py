from django.db import migrations

from evently.audit.migration import audited
from evently.database.versioned import replace_function

TRIGGERS = """
    CREATE TRIGGER trg_delivery_frozen BEFORE UPDATE ON email_delivery_log FOR EACH ROW
    WHEN ((OLD.id, OLD.notification_id, OLD.template_type)
            IS DISTINCT FROM (NEW.id, NEW.notification_id, NEW.template_type)
        OR OLD.delivered_at IS NOT NULL AND NEW.delivered_at IS DISTINCT FROM OLD.delivered_at)
    EXECUTE FUNCTION delivery_frozen();
    CREATE TRIGGER trg_delivery_frozen BEFORE UPDATE ON notifications FOR EACH ROW
    WHEN (OLD.delivered_at IS NOT NULL AND NEW.delivered_at IS DISTINCT FROM OLD.delivered_at
        OR OLD.sent_at IS NOT NULL AND NEW.sent_at IS NULL)
    EXECUTE FUNCTION delivery_frozen();
"""
NO_TRIGGERS = """
    DROP TRIGGER trg_delivery_frozen ON notifications;
    DROP TRIGGER trg_delivery_frozen ON email_delivery_log;
"""


class Migration(migrations.Migration):
    """Keep when emails were delivered, and log deletions, without what the emails said."""

    dependencies = [
        ("notifications", "0012_held_emails"),
        ("audit", "0003_signed_changes"),
    ]
    operations = [
        replace_function("notifications", "delivery_frozen", version=1, previous=None),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
        *audited("notifications", redact=["message", "data"], actions=["delete"]),
        *audited(
            "email_delivery_log",
            redact=["recipient_email", "error_message", "metadata"],
            actions=["delete"],
        ),
    ]
