"""Keep the time zone that a user has chosen."""

from django.db import migrations, models

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("accounts", "0012_email_changes")]
    operations = [
        # A constant default: the rows are not rewritten.
        migrations.AddField(
            "user",
            "timezone",
            models.CharField(
                blank=True, db_default="", default="", max_length=64, verbose_name="time zone"
            ),
        ),
        replace_function("accounts", "user_versioned", version=3, previous=2),
    ]
