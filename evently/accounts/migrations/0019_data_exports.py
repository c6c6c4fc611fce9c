"""Keep exports of a person's data for a week, in sealed parts."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import evently.database.functions
import evently.database.ids
from evently.audit.migration import audited
from evently.database.sql import foreign_key


class Migration(migrations.Migration):
    dependencies = [("accounts", "0018_retention"), ("audit", "0003_signed_changes")]

    operations = [
        migrations.CreateModel(
            name="DataExport",
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
                (
                    "status",
                    models.TextField(
                        choices=[
                            ("requested", "Requested"),
                            ("ready", "Ready"),
                            ("failed", "Failed"),
                            ("replaced", "Replaced"),
                        ],
                        db_default="requested",
                        default="requested",
                    ),
                ),
                (
                    "requested_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
                ("started_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("attempts", models.SmallIntegerField(db_default=0, default=0, editable=False)),
                ("ready_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("expires_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("size_bytes", models.BigIntegerField(blank=True, editable=False, null=True)),
                ("parts", models.IntegerField(blank=True, editable=False, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="data_exports",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "data_exports",
            },
        ),
        migrations.CreateModel(
            name="DataExportPart",
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
                ("number", models.IntegerField(editable=False)),
                ("sealed", models.BinaryField(editable=False)),
                (
                    "export",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.dataexport",
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
                "db_table": "data_export_parts",
            },
        ),
        migrations.AddIndex(
            model_name="dataexport",
            index=models.Index(fields=["user", "requested_at"], name="idx_data_exports_user"),
        ),
        migrations.AddIndex(
            model_name="dataexport",
            index=models.Index(fields=["requested_at"], name="idx_data_exports_requested"),
        ),
        migrations.AddConstraint(
            model_name="dataexport",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "requested")),
                fields=("user",),
                name="unq_data_export_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="dataexport",
            constraint=models.UniqueConstraint(fields=("id", "user"), name="unq_data_export_owner"),
        ),
        migrations.AddConstraint(
            model_name="dataexport",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["requested", "ready", "failed", "replaced"])),
                name="chk_data_export_status",
            ),
        ),
        migrations.AddConstraint(
            model_name="dataexport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("expires_at__gt", models.F("ready_at")),
                        ("expires_at__isnull", False),
                        ("parts__gt", 0),
                        ("parts__isnull", False),
                        ("ready_at__isnull", False),
                        ("size_bytes__gt", 0),
                        ("size_bytes__isnull", False),
                        ("status", "ready"),
                    ),
                    models.Q(
                        models.Q(("status", "ready"), _negated=True),
                        ("expires_at__isnull", True),
                        ("parts__isnull", True),
                        ("ready_at__isnull", True),
                        ("size_bytes__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="chk_data_export_ready",
            ),
        ),
        migrations.AddConstraint(
            model_name="dataexportpart",
            constraint=models.UniqueConstraint(fields=("export", "number"), name="unq_export_part"),
        ),
        migrations.AddConstraint(
            model_name="dataexportpart",
            constraint=models.CheckConstraint(
                condition=models.Q(("number__gte", 0)), name="chk_export_part_number"
            ),
        ),
        foreign_key("data_exports", "user_id", "users", on_delete="CASCADE"),
        # Both columns: no part can be of another person than its export.
        migrations.RunSQL(
            "ALTER TABLE data_export_parts ADD CONSTRAINT fk_data_export_parts_export"
            " FOREIGN KEY (export_id, user_id) REFERENCES data_exports (id, user_id)"
            " ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED",
            "ALTER TABLE data_export_parts DROP CONSTRAINT fk_data_export_parts_export",
        ),
        *audited("data_exports", ignore=["started_at", "attempts"]),
    ]
