"""Find the emails about an event that wait, however many wait about others."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

COLUMNS = "(event_id, created_at) WHERE status = 'pending'"
NAME = "idx_notifications_pending"

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
            name = f"{partition}_pending_idx"
            cursor.execute(f"DROP INDEX IF EXISTS {name}")
            cursor.execute(f"CREATE INDEX CONCURRENTLY {name} ON {partition} {COLUMNS}")
            cursor.execute(f"ALTER INDEX {NAME} ATTACH PARTITION {name}")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0066_index_recent_suppressions")]
    operations = [
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
                        fields=["event_id", "created_at"],
                        name=NAME,
                        condition=models.Q(status="pending"),
                    ),
                )
            ],
        ),
        # As manage.py migrate sets it, for the migrations that follow in this session.
        migrations.RunSQL("SET lock_timeout = '5s'", migrations.RunSQL.noop),
    ]
