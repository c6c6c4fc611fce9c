"""Let waitlist entries know the mailbox of their address, and count it for limits per person."""

from django.db import migrations, models

from evently.audit.migration import audited_anew
from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [
        ("waitlists", "0014_lines_carried_over"),
        ("bookings", "0015_mailboxes"),
    ]
    operations = [
        migrations.AddField(
            "waitlistentry", "mailbox", models.TextField(editable=False, null=True)
        ),
        *audited_anew("waitlists", ignore=["passed_over"]),
        replace_function("waitlists", "seats_of_person", version=2, previous=1, new_signature=True),
        replace_function("waitlists", "ledger_bookings", version=5, previous=4),
        replace_function("waitlists", "waitlists_join", version=4, previous=3),
        replace_function("waitlists", "waitlists_confirm", version=1, previous=None),
        migrations.RunSQL(
            "CREATE TRIGGER trg_waitlists_confirm BEFORE UPDATE ON waitlists FOR EACH ROW"
            " WHEN (OLD.status = 'waiting' AND NEW.status = 'waiting'"
            " AND OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NOT NULL"
            " AND NEW.mailbox IS NOT NULL) EXECUTE FUNCTION evently_waitlists_confirm()",
            "DROP TRIGGER trg_waitlists_confirm ON waitlists",
        ),
    ]
