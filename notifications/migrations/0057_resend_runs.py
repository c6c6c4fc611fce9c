"""Let many emails be sent again in the background, with the progress in a row."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models

import evently.database.functions
import evently.database.ids
from evently.audit.migration import audited
from evently.database.organizers import organizer_triggers
from evently.database.sql import foreign_key
from evently.lifecycle.migration import deleted_after

# What was asked for stays; the progress is noted until the run is finished.
TRIGGER = """
CREATE TRIGGER trg_delivery_frozen BEFORE UPDATE ON resend_runs FOR EACH ROW
    WHEN ((OLD.id, OLD.user_id, OLD.event_id, OLD.delivery_ids, OLD.created_at)
            IS DISTINCT FROM (NEW.id, NEW.user_id, NEW.event_id, NEW.delivery_ids, NEW.created_at)
        OR OLD.finished_at IS NOT NULL AND OLD.* IS DISTINCT FROM NEW.*
        OR NEW.done < OLD.done)
    EXECUTE FUNCTION delivery_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0056_index_unfilled_texts"),
        ("lifecycle", "0001_initial"),
        ("events", "0030_organizers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ResendRun",
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
                ("event_id", models.UUIDField(blank=True, null=True)),
                ("organizer_id", models.UUIDField(editable=False, null=True)),
                (
                    "delivery_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), size=None
                    ),
                ),
                ("done", models.PositiveIntegerField(db_default=0, default=0)),
                ("sent", models.PositiveIntegerField(db_default=0, default=0)),
                ("waiting", models.PositiveIntegerField(db_default=0, default=0)),
                ("too_often", models.PositiveIntegerField(db_default=0, default=0)),
                ("gone", models.PositiveIntegerField(db_default=0, default=0)),
                (
                    "suppressed",
                    models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
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
                "db_table": "resend_runs",
                "indexes": [
                    models.Index(fields=["event_id", "created_at"], name="idx_resend_runs_event"),
                    models.Index(fields=["user"], name="idx_resend_runs_user"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.comparison.Coalesce(
                            "event_id",
                            models.Value(
                                "00000000-0000-0000-0000-000000000000", models.UUIDField()
                            ),
                        ),
                        condition=models.Q(("finished_at__isnull", True)),
                        name="unq_resend_run_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("delivery_ids__len__gte", 1), ("delivery_ids__len__lte", 50000)
                        ),
                        name="chk_resend_run_number",
                    ),
                ],
            },
        ),
        foreign_key("resend_runs", "user_id", "users", on_delete="CASCADE"),
        organizer_triggers("resend_runs"),
        migrations.RunSQL(TRIGGER, "DROP TRIGGER trg_delivery_frozen ON resend_runs"),
        *audited("resend_runs", redact=["delivery_ids"], actions=["insert", "delete"]),
        deleted_after("30 days", "resend_runs", at="created_at"),
    ]
