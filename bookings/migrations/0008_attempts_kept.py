from django.db import migrations

from evently.audit.migration import audited
from evently.database.versioned import replace_function

# attempted_at: the demo sets it, in transactions that the application signs.
FROZEN = """
    CREATE TRIGGER trg_attempt_frozen BEFORE UPDATE ON booking_attempts FOR EACH ROW
    WHEN ((OLD.id, OLD.event_id, OLD.user_id, OLD.booking_id, OLD.quantity, OLD.result,
            OLD.failure_reason)
        IS DISTINCT FROM (NEW.id, NEW.event_id, NEW.user_id, NEW.booking_id, NEW.quantity,
            NEW.result, NEW.failure_reason)
        OR NEW.ip_address IS NOT NULL AND NEW.ip_address IS DISTINCT FROM OLD.ip_address
        OR NEW.user_agent <> '' AND NEW.user_agent <> OLD.user_agent
        OR NEW.attempted_at <> OLD.attempted_at AND NOT audit_signed())
    EXECUTE FUNCTION evently_attempt_frozen()
"""


class Migration(migrations.Migration):
    """Keep booking attempts as they were made, and log their deletion and the archive."""

    dependencies = [("bookings", "0007_money_checked"), ("audit", "0003_signed_changes")]
    operations = [
        replace_function("bookings", "attempt_frozen", version=1, previous=None),
        migrations.RunSQL(FROZEN, "DROP TRIGGER trg_attempt_frozen ON booking_attempts"),
        *audited("booking_attempts", actions=["delete"]),
        *audited("bookings_archive"),
    ]
