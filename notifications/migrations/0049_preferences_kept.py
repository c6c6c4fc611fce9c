"""Leave out of preferences what cannot be turned off any more, in batches."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

ROWS_PER_TRANSACTION = 1_000
# The trigger `trg_a_preferences_kept` drops it.
BATCH = """
    WITH batch AS (
        SELECT id FROM users
        WHERE id > %s AND EXISTS (
            SELECT FROM jsonb_object_keys(
                CASE jsonb_typeof(preferences) WHEN 'object' THEN preferences ELSE '{}' END
            ) AS name WHERE evently_always_sent(name))
        ORDER BY id LIMIT %s
    ), kept AS (
        UPDATE users SET preferences = preferences FROM batch WHERE users.id = batch.id
    )
    SELECT id FROM batch ORDER BY id DESC LIMIT 1
"""


def keep(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    last = "00000000-0000-0000-0000-000000000000"
    with schema_editor.connection.cursor() as cursor:
        while True:
            cursor.execute(BATCH, [last, ROWS_PER_TRANSACTION])
            row = cursor.fetchone()
            if row is None:
                return
            last = row[0]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0048_event_mutes")]
    operations = [migrations.RunPython(keep, migrations.RunPython.noop)]
