"""Let links in emails end when the email address of an account turns out to be wrong."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0010_email_requests")]
    operations = [
        # A constant default: the rows are not rewritten.
        migrations.AddField(
            "user", "links_version", models.IntegerField(db_default=1, default=1, editable=False)
        )
    ]
