"""Let the log of emails name providers of the settings, and keep the ids that they give emails."""

from django.db import migrations, models

CONSTRAINT = "chk_delivery_provider"
BEFORE = "provider IN ('sendgrid', 'smtp')"
# Written out, as the kinds of a later release may be others.
PATTERN = (
    "^(brevo|mailersend|mailgun|mailjet|mailtrap|mandrill|postal|postmark|resend|scaleway|sendgrid"
    "|smtp|sparkpost|unisender-go)(:[a-z0-9][a-z0-9_-]{0,29})?$"
)
# A string of several statements is one transaction. It locks the table, and reads no rows: new rows
# are checked at once, existing ones by VALIDATE.
SWAP = """
SET LOCAL lock_timeout = '5s';
ALTER TABLE email_delivery_log DROP CONSTRAINT {constraint};
ALTER TABLE email_delivery_log ADD CONSTRAINT {constraint} CHECK ({condition}) NOT VALID;
"""
VALIDATE = f"ALTER TABLE email_delivery_log VALIDATE CONSTRAINT {CONSTRAINT}"
# Names that the release before does not know become their kind, or SMTP.
SHORTENED = """
UPDATE email_delivery_log
SET provider = CASE WHEN provider LIKE 'sendgrid%' THEN 'sendgrid' ELSE 'smtp' END
WHERE provider NOT IN ('sendgrid', 'smtp')
"""


def swap(condition: str) -> str:
    return SWAP.format(constraint=CONSTRAINT, condition=condition)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0037_partitions_secured")]
    operations = [
        migrations.AddField(
            "emaildelivery",
            "provider_message_id",
            models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                # Backwards these run in reverse order, so each is the other's way back.
                migrations.RunSQL(swap(f"provider ~ '{PATTERN}'"), VALIDATE),
                migrations.RunSQL(VALIDATE, swap(BEFORE)),
                migrations.RunSQL(migrations.RunSQL.noop, SHORTENED),
            ],
            state_operations=[
                migrations.AlterField(
                    "emaildelivery", "provider", models.TextField(db_default="smtp", default="smtp")
                ),
                migrations.RemoveConstraint("emaildelivery", CONSTRAINT),
                migrations.AddConstraint(
                    "emaildelivery",
                    models.CheckConstraint(
                        name=CONSTRAINT, condition=models.Q(provider__regex=PATTERN)
                    ),
                ),
            ],
        ),
    ]
