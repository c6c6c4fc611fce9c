from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    """Let only the application count how often an entry was passed over."""

    dependencies = [("waitlists", "0009_money_checked"), ("audit", "0003_signed_changes")]
    operations = [
        replace_function("waitlists", "passed_over_signed", version=1, previous=None),
        migrations.RunSQL(
            "CREATE TRIGGER trg_passed_over BEFORE UPDATE OF passed_over ON waitlists"
            " FOR EACH STATEMENT EXECUTE FUNCTION evently_passed_over_signed()",
            "DROP TRIGGER trg_passed_over ON waitlists",
        ),
    ]
