"""Imports of events from files, with their rows."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import evently.database.functions
import evently.database.ids
from evently.audit.migration import audited
from evently.database.sql import foreign_key


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0016_contact_checked"),
        ("audit", "0001_audit_log"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="EventImport",
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
                ("file_name", models.CharField(max_length=255)),
                ("content", models.BinaryField(null=True)),
                ("answers", models.JSONField(db_default={}, default=dict)),
                ("questions", models.JSONField(db_default={}, default=dict)),
                ("left_out", models.JSONField(db_default={}, default=dict)),
                ("assumed", models.JSONField(db_default=[], default=list)),
                ("problem", models.TextField(blank=True, db_default="", default="")),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("reading", "Being read"),
                            ("asking", "Waiting for answers"),
                            ("ready", "Ready to be imported"),
                            ("applying", "Being imported"),
                            ("applied", "Imported"),
                            ("undoing", "Being undone"),
                            ("undone", "Undone"),
                            ("failed", "Cannot be read"),
                        ],
                        db_default="reading",
                        default="reading",
                    ),
                ),
                ("rows_total", models.IntegerField(db_default=0, default=0)),
                ("rows_done", models.IntegerField(db_default=0, default=0)),
                ("attempts", models.IntegerField(db_default=0, default=0)),
                ("claim", models.UUIDField(editable=False, null=True)),
                ("applied_at", models.DateTimeField(null=True)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "organizer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="event_imports",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "import",
                "db_table": "event_imports",
            },
        ),
        migrations.CreateModel(
            name="EventImportRow",
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
                ("line", models.IntegerField()),
                ("name", models.CharField(blank=True, max_length=255)),
                (
                    "outcome",
                    models.TextField(
                        choices=[
                            ("new", "New"),
                            ("changed", "Changed"),
                            ("unchanged", "Unchanged"),
                            ("refused", "Refused"),
                        ]
                    ),
                ),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("planned", "Planned"),
                            ("done", "Imported"),
                            ("failed", "Refused"),
                            ("undone", "Undone"),
                            ("kept", "Kept"),
                        ],
                        db_default="planned",
                        default="planned",
                    ),
                ),
                ("reason", models.TextField(blank=True, db_default="", default="")),
                ("message", models.TextField(blank=True, db_default="", default="")),
                ("source_key", models.TextField(blank=True, db_default="", default="")),
                ("columns", models.JSONField(db_default={}, default=dict)),
                ("changes", models.JSONField(db_default={}, default=dict)),
                ("event_id", models.UUIDField(null=True)),
                ("version", models.IntegerField(null=True)),
                (
                    "batch",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="rows",
                        to="events.eventimport",
                    ),
                ),
            ],
            options={
                "db_table": "event_import_rows",
            },
        ),
        migrations.AddIndex(
            model_name="eventimport",
            index=models.Index(
                models.F("organizer"),
                models.OrderBy(models.F("id"), descending=True),
                name="idx_import_organizer",
            ),
        ),
        migrations.AddIndex(
            model_name="eventimport",
            index=models.Index(
                condition=models.Q(("state__in", ("applied", "undone")), _negated=True),
                fields=["updated_at"],
                name="idx_import_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="eventimport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("content__isnull", True), ("state__in", ("applying", "applied"))),
                    models.Q(("content__isnull", True), ("state__in", ("undoing", "undone"))),
                    models.Q(
                        ("content__isnull", False),
                        ("state__in", ("reading", "asking", "ready", "failed")),
                    ),
                    _connector="OR",
                ),
                name="chk_import_content",
            ),
        ),
        migrations.AddConstraint(
            model_name="eventimport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("applied_at__isnull", False),
                    models.Q(("state__in", ("applied", "undoing", "undone")), _negated=True),
                    _connector="OR",
                ),
                name="chk_import_applied",
            ),
        ),
        migrations.AddIndex(
            model_name="eventimportrow",
            index=models.Index(fields=["batch", "outcome", "id"], name="idx_import_row_batch"),
        ),
        migrations.AddIndex(
            model_name="eventimportrow",
            index=models.Index(
                condition=models.Q(("event_id__isnull", False)),
                fields=["event_id"],
                name="idx_import_row_event",
            ),
        ),
        migrations.AddConstraint(
            model_name="eventimportrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome__in", ["new", "changed", "unchanged", "refused"])),
                name="chk_import_row_outcome",
            ),
        ),
        migrations.AddConstraint(
            model_name="eventimportrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["planned", "done", "failed", "undone", "kept"])),
                name="chk_import_row_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="eventimportrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ("done", "undone", "kept")), _negated=True),
                    models.Q(("event_id__isnull", False), ("outcome__in", ("new", "changed"))),
                    _connector="OR",
                ),
                name="chk_import_row_done",
            ),
        ),
        migrations.AddConstraint(
            model_name="eventimportrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome", "refused"), _negated=True),
                    models.Q(("message", ""), _negated=True),
                    _connector="OR",
                ),
                name="chk_import_row_refused",
            ),
        ),
        migrations.AddConstraint(
            model_name="eventimportrow",
            constraint=models.UniqueConstraint(
                condition=models.Q(("outcome__in", ("new", "changed"))),
                fields=("batch", "source_key"),
                name="unq_import_row",
            ),
        ),
        foreign_key("event_imports", "organizer_id", "users", on_delete="CASCADE"),
        foreign_key("event_import_rows", "batch_id", "event_imports", on_delete="CASCADE"),
        # Progress is not logged: it moves with each batch of rows.
        *audited(
            "event_imports",
            ignore=("rows_done", "rows_total", "attempts", "claim", "assumed", "left_out"),
            redact=("content",),
        ),
    ]
