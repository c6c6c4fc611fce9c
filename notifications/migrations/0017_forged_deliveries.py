from django.db import migrations

from evently.audit.migration import audited


class Migration(migrations.Migration):
    """Log notifications and deliveries that the application has not written or changed."""

    dependencies = [
        ("notifications", "0016_index_emails_of_events"),
        ("audit", "0003_signed_changes"),
    ]
    operations = [
        *audited(
            "notifications",
            ignore=["channels", "next_attempt_at", "read"],
            redact=["message", "data"],
            actions=["insert", "update"],
            unsigned_only=True,
        ),
        *audited(
            "email_delivery_log",
            ignore=["send_attempts", "last_attempt_at", "next_attempt_at", "attempt"],
            redact=["recipient_email", "error_message", "metadata"],
            actions=["insert", "update"],
            unsigned_only=True,
        ),
    ]
