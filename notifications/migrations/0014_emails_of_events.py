"""Tell for each email of the delivery log which event and kind it is of; log what is sent again."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import evently.database.functions
import evently.database.ids
from evently.audit.migration import audited
from evently.database.sql import foreign_key
from evently.database.versioned import replace_function

TRIGGERS = """
CREATE TRIGGER trg_email_resends BEFORE INSERT ON email_resends
    FOR EACH ROW EXECUTE FUNCTION evently_email_resends();
CREATE TRIGGER trg_resends_kept BEFORE UPDATE ON email_resends FOR EACH ROW
    WHEN ((OLD.id, OLD.delivery_id, OLD.user_id, OLD.event_id, OLD.notification_id, OLD.created_at)
            IS DISTINCT FROM
          (NEW.id, NEW.delivery_id, NEW.user_id, NEW.event_id, NEW.notification_id, NEW.created_at)
        OR NEW.by_id IS DISTINCT FROM OLD.by_id AND NEW.by_id IS NOT NULL)
    EXECUTE FUNCTION evently_resends_kept();
"""
NO_TRIGGERS = """
DROP TRIGGER trg_resends_kept ON email_resends;
DROP TRIGGER trg_email_resends ON email_resends;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0013_deliveries_kept"),
        ("events", "0001_initial"),
        ("audit", "0003_signed_changes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AddField(
            "emaildelivery",
            "event",
            models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="emails",
                to="events.event",
            ),
        ),
        migrations.AddField(
            "emaildelivery", "kind", models.TextField(blank=True, db_default="", default="")
        ),
        replace_function("notifications", "delivery_event", version=1, previous=None),
        migrations.RunSQL(
            "CREATE TRIGGER trg_delivery_event BEFORE INSERT ON email_delivery_log FOR EACH ROW"
            " WHEN (NEW.kind = '' OR NEW.event_id IS NULL)"
            " EXECUTE FUNCTION evently_delivery_event()",
            "DROP TRIGGER trg_delivery_event ON email_delivery_log",
        ),
        migrations.CreateModel(
            name="EmailResend",
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
                ("event_id", models.UUIDField(blank=True, null=True)),
                ("notification_id", models.UUIDField(blank=True, null=True)),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
            ],
            options={
                "db_table": "email_resends",
                "indexes": [
                    models.Index(fields=["delivery_id", "created_at"], name="idx_resends_delivery"),
                    models.Index(
                        fields=["user", "event_id", "created_at"], name="idx_resends_user"
                    ),
                    models.Index(
                        condition=models.Q(("by__isnull", False)),
                        fields=["by"],
                        name="idx_resends_by",
                    ),
                ],
            },
        ),
        foreign_key("email_resends", "user_id", "users", on_delete="CASCADE"),
        foreign_key("email_resends", "by_id", "users", on_delete="SET NULL"),
        replace_function("notifications", "email_resends", version=1, previous=None),
        replace_function("notifications", "resends_kept", version=1, previous=None),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
        *audited("email_resends"),
    ]
