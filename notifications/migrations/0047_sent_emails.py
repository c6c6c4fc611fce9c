"""Record every attempt to send an email, and keep what was sent, sealed, for a time."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Length
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

import evently.database.functions
import evently.database.ids
from evently.audit.migration import audited
from evently.database.organizers import organizer_triggers
from evently.database.sql import foreign_key
from evently.lifecycle.migration import deleted_after

TRIGGERS = """
CREATE TRIGGER trg_delivery_frozen BEFORE UPDATE ON email_attempts FOR EACH ROW
    WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION delivery_frozen();
CREATE TRIGGER trg_delivery_frozen BEFORE UPDATE ON sent_emails FOR EACH ROW
    WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION delivery_frozen();
"""
NO_TRIGGERS = """
DROP TRIGGER trg_delivery_frozen ON sent_emails;
DROP TRIGGER trg_delivery_frozen ON email_attempts;
"""
# They are compressed already, and sealed.
AS_IT_IS = "ALTER TABLE sent_emails ALTER COLUMN sealed SET STORAGE EXTERNAL"


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0046_mailings"),
        ("lifecycle", "0001_initial"),
        ("events", "0030_organizers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="EmailAttempt",
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
                ("delivery_id", models.UUIDField()),
                ("event_id", models.UUIDField(blank=True, null=True)),
                ("organizer_id", models.UUIDField(editable=False, null=True)),
                ("number", models.PositiveSmallIntegerField()),
                ("provider", models.TextField(blank=True, db_default="", default="")),
                (
                    "outcome",
                    models.TextField(
                        choices=[
                            ("accepted", "Handed over"),
                            ("deferred", "Not accepted for now"),
                            ("refused", "Refused"),
                            ("unreachable", "Provider did not answer"),
                            ("unknown", "Outcome unknown"),
                            ("held", "Held back"),
                            ("withheld", "Not sent"),
                        ]
                    ),
                ),
                ("error", models.TextField(blank=True, db_default="", default="")),
                ("code", models.TextField(blank=True, db_default="", default="")),
                ("answer", models.TextField(blank=True, db_default="", default="")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "email_attempts",
                "indexes": [
                    models.Index(fields=["user", "delivery_id"], name="idx_attempts_email")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "outcome__in",
                                [
                                    "accepted",
                                    "deferred",
                                    "refused",
                                    "unreachable",
                                    "unknown",
                                    "held",
                                    "withheld",
                                ],
                            )
                        ),
                        name="chk_email_attempt_outcome",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("provider", ""),
                            (
                                "provider__regex",
                                "^(brevo|mailersend|mailgun|mailjet|mailtrap|mandrill|postal|postmark|resend|scaleway|sendgrid|smtp|sparkpost|unisender-go)(:[a-z0-9][a-z0-9_-]{0,29})?$",
                            ),
                            _connector="OR",
                        ),
                        name="chk_email_attempt_provider",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("code__regex", "^(\\d{3}( [245]\\.\\d{1,3}\\.\\d{1,3})?)?$")
                        ),
                        name="chk_email_attempt_code",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("answer__regex", "^[^@\\n\\r]{0,240}$")),
                        name="chk_email_attempt_answer",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SentEmail",
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
                ("delivery_id", models.UUIDField()),
                ("event_id", models.UUIDField(blank=True, null=True)),
                ("organizer_id", models.UUIDField(editable=False, null=True)),
                ("sealed", models.BinaryField()),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "copy of an email",
                "verbose_name_plural": "copies of emails",
                "db_table": "sent_emails",
                "indexes": [
                    models.Index(fields=["user", "delivery_id"], name="idx_sent_emails_email")
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="sentemail",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    GreaterThanOrEqual(Length("sealed"), 29),
                    LessThanOrEqual(Length("sealed"), 70_000),
                ),
                name="chk_sent_email_sealed",
            ),
        ),
        foreign_key("email_attempts", "user_id", "users", on_delete="CASCADE"),
        foreign_key("sent_emails", "user_id", "users", on_delete="CASCADE"),
        organizer_triggers("email_attempts"),
        organizer_triggers("sent_emails"),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
        migrations.RunSQL(AS_IT_IS, migrations.RunSQL.noop),
        *audited("email_attempts", redact=["answer"], actions=["insert"], unsigned_only=True),
        *audited("email_attempts", redact=["answer"], actions=["delete"]),
        *audited(
            "sent_emails", redact=["sealed"], actions=["insert", "delete"], unsigned_only=True
        ),
        deleted_after("1 year", "email_attempts", at="created_at"),
    ]
