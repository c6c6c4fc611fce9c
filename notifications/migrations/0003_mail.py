"""Mail templates in versions, and the log of every mail."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import evently.database.functions
import evently.database.ids
import evently.privacy.sealing
from evently.audit.migration import audited
from evently.database.sql import foreign_key, function_and_triggers

TEMPLATE_TYPES = [
    ("welcome", "Welcome"),
    ("booking_confirm", "Booking confirmed"),
    ("cancellation", "Booking cancelled"),
    ("waitlist_join", "Joined a waitlist"),
    ("waitlist_promotion", "Seats offered"),
    ("notification", "Everything else"),
]

# A version that was sent must be there to be read as it was, and to be brought back.
FROZEN = """
CREATE FUNCTION template_frozen() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'version % of template % cannot be changed, only followed by another',
        OLD.version, OLD.template_type
        USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_template_frozen';
END
$$;
CREATE TRIGGER trg_template_frozen BEFORE UPDATE ON email_templates FOR EACH ROW
    WHEN ((OLD.id, OLD.template_type, OLD.subject_template, OLD.html_template,
           OLD.text_template, OLD.variables, OLD.version, OLD.created_at)
        IS DISTINCT FROM
          (NEW.id, NEW.template_type, NEW.subject_template, NEW.html_template,
           NEW.text_template, NEW.variables, NEW.version, NEW.created_at))
    EXECUTE FUNCTION template_frozen();
"""

UPDATED = """
CREATE FUNCTION template_updated() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.updated_at := evently_clock();
    RETURN NEW;
END
$$;
CREATE TRIGGER trg_template_updated BEFORE UPDATE ON email_templates FOR EACH ROW
    EXECUTE FUNCTION template_updated();
"""


class Migration(migrations.Migration):
    """What mails look like, and what became of each."""

    dependencies = [
        ("notifications", "0002_partitions"),
        ("audit", "0001_audit_log"),
    ]
    operations = [
        migrations.CreateModel(
            name="EmailTemplate",
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
                ("template_type", models.TextField(choices=TEMPLATE_TYPES)),
                ("subject_template", models.TextField()),
                ("html_template", models.TextField()),
                ("text_template", models.TextField()),
                (
                    "variables",
                    models.JSONField(db_default=models.Value([], models.JSONField()), default=list),
                ),
                ("is_active", models.BooleanField(db_default=True, default=True)),
                ("version", models.PositiveIntegerField(db_default=1, default=1)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
            ],
            options={
                "db_table": "email_templates",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("template_type__in", [value for value, _ in TEMPLATE_TYPES])
                        ),
                        name="chk_template_type",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("version__gte", 1)), name="chk_template_version"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("subject_template", ""), _negated=True),
                            models.Q(("html_template", ""), _negated=True),
                            models.Q(("text_template", ""), _negated=True),
                        ),
                        name="chk_template_filled",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_active", True)),
                        fields=("template_type",),
                        name="unq_template_active",
                    ),
                    models.UniqueConstraint(
                        fields=("template_type", "version"), name="unq_template_version"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EmailDelivery",
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
                ("notification_id", models.UUIDField(blank=True, null=True)),
                (
                    "recipient_email",
                    evently.privacy.sealing.SealedField(
                        blank=True, editable=False, null=True, verbose_name="recipient"
                    ),
                ),
                ("template_type", models.TextField(choices=TEMPLATE_TYPES)),
                (
                    "provider",
                    models.TextField(
                        choices=[("sendgrid", "SendGrid"), ("smtp", "SMTP")],
                        db_default="smtp",
                        default="smtp",
                    ),
                ),
                (
                    "status",
                    models.TextField(
                        choices=[
                            ("pending", "Pending"),
                            ("sent", "Sent"),
                            ("delivered", "Delivered"),
                            ("failed", "Failed"),
                            ("bounced", "Bounced"),
                        ],
                        db_default="pending",
                        default="pending",
                    ),
                ),
                ("send_attempts", models.PositiveIntegerField(db_default=0, default=0)),
                ("last_attempt_at", models.DateTimeField(blank=True, null=True)),
                (
                    "next_attempt_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
                ("attempt", models.UUIDField(blank=True, editable=False, null=True)),
                ("delivered_at", models.DateTimeField(blank=True, null=True)),
                ("error_message", models.TextField(blank=True, db_default="", default="")),
                (
                    "metadata",
                    models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict),
                ),
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
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="email_deliveries",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "mail",
                "verbose_name_plural": "delivery log",
                "db_table": "email_delivery_log",
                "indexes": [
                    models.Index(
                        condition=models.Q(("status__in", ["failed", "bounced"])),
                        fields=["status", "created_at"],
                        name="idx_delivery_unfinished",
                    ),
                    models.Index(
                        models.OrderBy(models.F("created_at"), descending=True),
                        models.OrderBy(models.F("id"), descending=True),
                        name="idx_delivery_recent",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("notification_id",), name="unq_delivery_notification"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("template_type__in", [value for value, _ in TEMPLATE_TYPES])
                        ),
                        name="chk_delivery_template",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("provider__in", ["sendgrid", "smtp"])),
                        name="chk_delivery_provider",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["pending", "sent", "delivered", "failed", "bounced"])
                        ),
                        name="chk_delivery_status",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("recipient_email__isnull", True),
                            ("recipient_email__regex", "^sealed:v1:[A-Za-z0-9_-]{38,}$"),
                            _connector="OR",
                        ),
                        name="chk_delivery_recipient",
                    ),
                ],
            },
        ),
        foreign_key("email_delivery_log", "user_id", "users", on_delete="CASCADE"),
        function_and_triggers(FROZEN, functions=("template_frozen()",)),
        function_and_triggers(UPDATED, functions=("template_updated()",)),
        *audited("email_templates"),
    ]
