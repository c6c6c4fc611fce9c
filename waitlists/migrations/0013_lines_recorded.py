"""Keep the order of offers in the database, reserve for entries passed too often, and record lines."""

from django.db import migrations

from evently.database.versioned import replace_function

NEW = (
    "line_closes_at",
    "line_is_open",
    "passes_limit",
    "place_limit",
    "count_open",
    "count_confirmed",
    "new_ref",
    "record_time",
    "record",
    "reserving",
    "record_reserving",
    "line_comes_first",
    "record_joined",
    "record_offered",
    "record_seats",
    "open_line",
    "records_of_change",
    "close_line",
    "record_entries",
    "record_line",
    "record_event",
    "offers_made",
    "offers_ended",
    "waits_on",
    "place_signed",
)
CHANGED = (
    ("waitlists_guard", 2),
    ("waitlists_join", 3),
    ("promotions_insert", 2),
    ("promotions_update", 3),
    ("promotions_booking", 2),
    ("offers_end_with_sales", 2),
    ("ledger_promotions", 2),
    ("ledger_bookings", 4),
)
TRIGGERS = """
CREATE TRIGGER trg_waitlists_record_insert AFTER INSERT ON waitlists
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION evently_record_line();
CREATE TRIGGER trg_waitlists_record_update AFTER UPDATE ON waitlists
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION evently_record_line();
CREATE TRIGGER trg_waitlists_record_delete AFTER DELETE ON waitlists
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION evently_record_line();
CREATE TRIGGER trg_place_confirmed
    BEFORE UPDATE OF confirmed_at, lapses, public_sales_before ON waitlists
    FOR EACH STATEMENT EXECUTE FUNCTION evently_place_signed();
CREATE TRIGGER trg_events_record
    AFTER UPDATE OF total_capacity, event_date, sales_end_at, max_passes, waitlist_until_start
    ON events FOR EACH ROW EXECUTE FUNCTION evently_record_event();
-- A place that waits on after an offer is not joined again.
DROP TRIGGER trg_waitlists_rejoin ON waitlists;
CREATE TRIGGER trg_waitlists_rejoin BEFORE UPDATE ON waitlists
    FOR EACH ROW WHEN (NEW.status = 'waiting' AND OLD.status NOT IN ('waiting', 'promoted'))
    EXECUTE FUNCTION evently_waitlists_join();
DROP TRIGGER trg_events_offers ON events;
CREATE TRIGGER trg_events_offers
    AFTER UPDATE OF event_date, sales_end_at, waitlist_until_start ON events
    FOR EACH ROW EXECUTE FUNCTION evently_offers_end_with_sales();
"""
NO_TRIGGERS = """
DROP TRIGGER trg_events_offers ON events;
CREATE TRIGGER trg_events_offers AFTER UPDATE OF event_date, sales_end_at ON events
    FOR EACH ROW EXECUTE FUNCTION evently_offers_end_with_sales();
DROP TRIGGER trg_waitlists_rejoin ON waitlists;
CREATE TRIGGER trg_waitlists_rejoin BEFORE UPDATE ON waitlists
    FOR EACH ROW WHEN (NEW.status = 'waiting' AND OLD.status <> 'waiting')
    EXECUTE FUNCTION evently_waitlists_join();
DROP TRIGGER trg_events_record ON events;
DROP TRIGGER trg_place_confirmed ON waitlists;
DROP TRIGGER trg_waitlists_record_delete ON waitlists;
DROP TRIGGER trg_waitlists_record_update ON waitlists;
DROP TRIGGER trg_waitlists_record_insert ON waitlists;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("waitlists", "0012_indexes_of_confirmed"),
        ("events", "0019_waitlist_rules_checked"),
    ]
    operations = [
        *(replace_function("waitlists", name, version=1, previous=None) for name in NEW),
        *(
            replace_function("waitlists", name, version=version, previous=version - 1)
            for name, version in CHANGED
        ),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
    ]
