"""Enter the words of events that exist already, in batches of one transaction each."""

from typing import Any

from django.db import migrations, transaction

BATCH = 200

# An event that is changed meanwhile has its row from the trigger, which stays.
FILL = """
    WITH batch AS MATERIALIZED (
        SELECT id, name, venue, description FROM events
        WHERE %(after)s::uuid IS NULL OR id > %(after)s ORDER BY id LIMIT %(batch)s
    ), vectors AS MATERIALIZED (
        SELECT id, evently_search_vector(name, venue, description) AS vector FROM batch
    ), entered AS (
        INSERT INTO event_words (event_id, vector) SELECT id, vector FROM vectors
        ON CONFLICT (event_id) DO NOTHING
    )
    SELECT id, evently_search_remember(vector) FROM vectors ORDER BY id
"""


def fill(apps: Any, schema_editor: Any) -> None:
    connection = schema_editor.connection
    after = None
    while True:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(FILL, {"after": after, "batch": BATCH})
            rows = cursor.fetchall()
        if not rows:
            return
        after = rows[-1][0]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("events", "0009_search_tables")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
