"""Let the rows of an event bear its organizer, and keep each event with the one who created it.

Policies may read no other table than the row's own.
"""

from django.db import migrations, models

from evently.database.organizers import organizer_triggers
from evently.database.versioned import replace_function

IMPORT_ROWS = """
CREATE TRIGGER trg_import_row_organizer BEFORE INSERT OR UPDATE OF batch_id, organizer_id
    ON event_import_rows FOR EACH ROW EXECUTE FUNCTION evently_import_row_organizer();
"""
MODELS = ("eventstaff", "eventmetric", "eventimportrow", "pricechange")


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0029_fill_dates_beside_words"),
        ("audit", "0007_organizers"),
    ]
    operations = [
        *(
            migrations.AddField(model, "organizer_id", models.UUIDField(editable=False, null=True))
            for model in MODELS
        ),
        replace_function("events", "organizer_set", version=1, previous=None),
        replace_function("events", "organizer_kept", version=1, previous=None),
        replace_function("events", "import_row_organizer", version=1, previous=None),
        replace_function("events", "events_update", version=3, previous=2),
        replace_function("events", "record_price", version=3, previous=2),
        organizer_triggers("event_staff", foreign_key="fk_event_staff_event"),
        organizer_triggers("event_analytics", foreign_key="fk_event_analytics_event"),
        organizer_triggers("pricing_history", sets=False),
        migrations.RunSQL(
            IMPORT_ROWS, "DROP TRIGGER trg_import_row_organizer ON event_import_rows"
        ),
    ]
