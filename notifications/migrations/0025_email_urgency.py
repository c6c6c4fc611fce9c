"""Take the most urgent emails first, by an index on the urgency of their kinds."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F, Func, IntegerField

from evently.database.versioned import replace_function

COLUMNS = "(evently_email_urgency(type), next_attempt_at) WHERE status = 'pending'"
NAME = "idx_notifications_urgency"

PARTITIONS = """
    SELECT child.relname FROM pg_inherits
    JOIN pg_class child ON child.oid = inhrelid
    WHERE inhparent = 'notifications'::regclass
        AND NOT EXISTS (
            SELECT FROM pg_index JOIN pg_inherits up ON up.inhrelid = indexrelid
            WHERE indrelid = child.oid AND up.inhparent = %s::regclass)
    ORDER BY child.relname
"""


def index_partitions(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Build the index of each partition without blocking writes, and attach it."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(PARTITIONS, [NAME])
        for (partition,) in cursor.fetchall():
            name = f"{partition}_urgency_idx"
            cursor.execute(f"DROP INDEX IF EXISTS {name}")
            cursor.execute(f"CREATE INDEX CONCURRENTLY {name} ON {partition} {COLUMNS}")
            cursor.execute(f"ALTER INDEX {NAME} ATTACH PARTITION {name}")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0024_notify")]
    operations = [
        replace_function("notifications", "email_urgency", version=1, previous=None),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    f"CREATE INDEX IF NOT EXISTS {NAME} ON ONLY notifications {COLUMNS}",
                    f"DROP INDEX IF EXISTS {NAME}",
                ),
                # Building the others waits for transactions that are open already.
                migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
                migrations.RunPython(index_partitions, migrations.RunPython.noop),
            ],
            state_operations=[
                migrations.AddIndex(
                    "notification",
                    models.Index(
                        Func(
                            F("type"),
                            function="evently_email_urgency",
                            output_field=IntegerField(),
                        ),
                        F("next_attempt_at"),
                        name=NAME,
                        condition=models.Q(status="pending"),
                    ),
                )
            ],
        ),
        # As manage.py migrate sets it, for the migrations that follow in this session.
        migrations.RunSQL("SET lock_timeout = '5s'", migrations.RunSQL.noop),
    ]
