"""Keep the date of an event beside its words, so that a search sorts without looking up events."""

from django.db import migrations, models

from evently.database.versioned import replace_function

TRIGGER = """
CREATE OR REPLACE TRIGGER trg_events_searched AFTER INSERT OR UPDATE OF {columns} ON events
    FOR EACH ROW EXECUTE FUNCTION evently_events_searched()
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0027_index_orders")]
    operations = [
        migrations.AddField("eventwords", "event_date", models.DateTimeField(null=True)),
        replace_function("events", "events_searched", version=2, previous=1),
        migrations.RunSQL(
            TRIGGER.format(columns="name, venue, description, event_date"),
            TRIGGER.format(columns="name, venue, description"),
        ),
    ]
