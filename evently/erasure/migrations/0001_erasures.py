"""The tables of erasures and of the register's state."""

from django.db import migrations, models

import evently.database.functions
import evently.database.ids
from evently.database.versioned import replace_function

TRIGGERS = """
CREATE TRIGGER trg_erasure_frozen BEFORE UPDATE OR DELETE ON erasures
    FOR EACH ROW EXECUTE FUNCTION evently_erasure_frozen();
CREATE TRIGGER trg_register_forward BEFORE UPDATE OR DELETE ON erasure_register
    FOR EACH ROW EXECUTE FUNCTION evently_register_forward();
"""
NO_TRIGGERS = """
DROP TRIGGER trg_register_forward ON erasure_register;
DROP TRIGGER trg_erasure_frozen ON erasures;
"""


class Migration(migrations.Migration):
    """Record erasures with their receipts, and what the database knows of their register."""

    initial = True
    dependencies = [("evently", "0002_schemas")]
    operations = [
        migrations.CreateModel(
            name="Erasure",
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
                ("user_id", models.UUIDField(editable=False, verbose_name="account")),
                (
                    "kind",
                    models.TextField(
                        choices=[("erased", "Erased"), ("deleted", "Rows deleted")],
                        db_default="erased",
                        default="erased",
                    ),
                ),
                (
                    "cause",
                    models.TextField(
                        choices=[
                            ("request", "The person's request"),
                            ("operator", "An operator"),
                            ("replay", "The register, after a restore"),
                        ]
                    ),
                ),
                ("erased_at", models.DateTimeField(editable=False)),
                ("completed_at", models.DateTimeField(editable=False, null=True)),
                (
                    "counts",
                    models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict),
                ),
                ("document", models.TextField(editable=False)),
                (
                    "number",
                    models.BigIntegerField(
                        editable=False, unique=True, verbose_name="number in the register"
                    ),
                ),
                ("line", models.TextField(editable=False)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
            ],
            options={
                "db_table": "erasures",
                "ordering": ["-number"],
                "indexes": [models.Index(fields=["user_id"], name="idx_erasures_user")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["erased", "deleted"])),
                        name="chk_erasure_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("cause__in", ["request", "operator", "replay"])),
                        name="chk_erasure_cause",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("number__gte", 1)), name="chk_erasure_number"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RegisterState",
            fields=[
                (
                    "id",
                    models.SmallIntegerField(
                        db_default=1, default=1, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("last_number", models.BigIntegerField(db_default=0, default=0)),
                ("last_digest", models.TextField(db_default="", default="")),
                ("written_number", models.BigIntegerField(db_default=0, default=0)),
                ("failing_since", models.DateTimeField(null=True)),
                ("problem", models.TextField(db_default="", default="")),
                ("home", models.TextField(db_default="", default="")),
            ],
            options={
                "db_table": "erasure_register",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("id", 1)), name="chk_register_one_row"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("written_number__gte", 0),
                            ("written_number__lte", models.F("last_number")),
                        ),
                        name="chk_register_numbers",
                    ),
                ],
            },
        ),
        migrations.RunSQL("INSERT INTO erasure_register DEFAULT VALUES", migrations.RunSQL.noop),
        replace_function("erasure", "erasure_frozen", version=1, previous=None),
        replace_function("erasure", "register_forward", version=1, previous=None),
        replace_function("erasure", "erasure_receipt", version=1, previous=None),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
    ]
