"""Fill in the organizers of earlier changes, once all tables have them."""

from django.db import migrations

from evently.database.organizers import OF_EVENT, filled
from evently.database.versioned import replace_function

AUDIT_USUAL = """
CREATE TRIGGER trg_append_only BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
"""
AUDIT_FILLING = """
CREATE TRIGGER trg_append_only BEFORE INSERT OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
CREATE TRIGGER trg_audit_filled BEFORE UPDATE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION audit_filled();
"""
# Columns of an import are found in the log itself, as the import may be gone.
OF_CHANGE = f"""(CASE table_name WHEN 'event_imports'
    THEN coalesce((SELECT i.organizer_id FROM event_imports i WHERE i.id = rows.row_id),
        (rows.after ->> 'organizer_id')::uuid, (rows.before ->> 'organizer_id')::uuid)
    ELSE {OF_EVENT} END)"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("audit", "0007_organizers"),
        ("events", "0031_fill_organizers"),
        ("bookings", "0023_fill_organizers"),
        ("waitlists", "0025_fill_organizers"),
        ("notifications", "0030_fill_organizers"),
    ]
    operations = [
        replace_function("audit", "audit_filled", version=1, previous=None),
        # Changes of notifications belong to the person who was notified.
        filled(
            "audit_log",
            guards=(AUDIT_USUAL, AUDIT_FILLING),
            organizer=OF_CHANGE,
            where="(event_id IS NOT NULL AND table_name <> 'notifications'"
            " OR table_name = 'event_imports')",
        ),
        replace_function("audit", "audit_filled", version=2, previous=1),
    ]
