"""Limit emails to addresses that nobody has confirmed, whatever causes them."""

from django.db import migrations, models

import evently.database.functions
import evently.database.ids
from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_index_pending_deletions"), ("evently", "0002_schemas")]
    operations = [
        migrations.CreateModel(
            name="UnconfirmedEmail",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=evently.database.functions.UuidV7(),
                        default=evently.database.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("mailbox_digest", models.TextField(editable=False)),
                ("email_id", models.UUIDField(editable=False)),
                (
                    "sent_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
            ],
            options={
                "db_table": "unconfirmed_emails",
                "indexes": [
                    models.Index(
                        fields=["mailbox_digest", "sent_at"], name="idx_unconfirmed_mailbox"
                    ),
                    models.Index(fields=["sent_at"], name="idx_unconfirmed_sent"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("email_id",), name="unq_unconfirmed_email"),
                    models.CheckConstraint(
                        condition=models.Q(("mailbox_digest__regex", "^[0-9a-f]{64}$")),
                        name="chk_unconfirmed_mailbox",
                    ),
                ],
            },
        ),
        replace_function("accounts", "unconfirmed_limit", version=1, previous=None),
        migrations.RunSQL(
            "CREATE TRIGGER trg_unconfirmed_emails BEFORE INSERT OR UPDATE ON unconfirmed_emails"
            " FOR EACH ROW EXECUTE FUNCTION evently_unconfirmed_limit()",
            "DROP TRIGGER trg_unconfirmed_emails ON unconfirmed_emails",
        ),
    ]
