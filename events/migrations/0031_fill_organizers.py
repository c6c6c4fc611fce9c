"""Fill in the organizers of rows from before the column."""

from django.db import migrations

from evently.database.organizers import NOT_FILLED, filled, not_null_soon

PRICES_USUAL = """
CREATE TRIGGER trg_pricing_history_guard BEFORE INSERT OR UPDATE OR DELETE ON pricing_history
    FOR EACH ROW EXECUTE FUNCTION evently_guard_price_history();
"""
PRICES_FILLING = f"""
CREATE TRIGGER trg_pricing_history_guard BEFORE INSERT OR DELETE ON pricing_history
    FOR EACH ROW EXECUTE FUNCTION evently_guard_price_history();
CREATE TRIGGER trg_pricing_history_kept BEFORE UPDATE ON pricing_history
    FOR EACH ROW WHEN {NOT_FILLED} EXECUTE FUNCTION evently_guard_price_history();
"""
OF_IMPORT = "(SELECT i.organizer_id FROM event_imports i WHERE i.id = rows.batch_id)"


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("events", "0030_organizers")]
    operations = [
        filled("event_staff"),
        filled("event_analytics"),
        filled("pricing_history", guards=(PRICES_USUAL, PRICES_FILLING)),
        filled("event_import_rows", organizer=OF_IMPORT, where="true"),
        not_null_soon("event_staff"),
        not_null_soon("event_analytics"),
        not_null_soon("pricing_history"),
        not_null_soon("event_import_rows"),
    ]
