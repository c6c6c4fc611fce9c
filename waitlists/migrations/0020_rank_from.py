"""Make what a long waitlist costs independent of its length where possible, and small elsewhere.

Positions are numbered from the first changed place on, without the table's other triggers. How
often entries were passed is bounded on the line, which needs no index of the passes.
"""

from django.db import migrations, models

from evently.audit.migration import audited
from evently.database.versioned import replace_function

UNLESS_DERIVED = "NOT evently_writes_derived()"
BEFORE = audited("waitlists", ignore=["passed_over"], actions=["update"])
NOW = audited("waitlists", ignore=["passed_over"], actions=["update"], when=UNLESS_DERIVED)
TRIGGERS = f"""
DROP TRIGGER trg_waitlists_a_guard ON waitlists;
CREATE TRIGGER trg_waitlists_a_guard BEFORE UPDATE ON waitlists
    FOR EACH ROW WHEN ({UNLESS_DERIVED}) EXECUTE FUNCTION evently_waitlists_guard();
DROP TRIGGER trg_waitlists_rank_update ON waitlists;
CREATE TRIGGER trg_waitlists_rank_update AFTER UPDATE ON waitlists
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT WHEN ({UNLESS_DERIVED}) EXECUTE FUNCTION evently_rank_line();
"""
TRIGGERS_BEFORE = """
DROP TRIGGER trg_waitlists_rank_update ON waitlists;
CREATE TRIGGER trg_waitlists_rank_update AFTER UPDATE ON waitlists
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION evently_rank_line();
DROP TRIGGER trg_waitlists_a_guard ON waitlists;
CREATE TRIGGER trg_waitlists_a_guard BEFORE UPDATE ON waitlists
    FOR EACH ROW EXECUTE FUNCTION evently_waitlists_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("waitlists", "0019_kinds_checked")]
    operations = [
        migrations.AddField(
            "line",
            "most_passed",
            models.IntegerField(db_default=2**31 - 1, default=2**31 - 1),
        ),
        replace_function("waitlists", "writes_derived", version=1, previous=None),
        replace_function("waitlists", "rank_from", version=1, previous=None),
        replace_function("waitlists", "count_passed", version=1, previous=None),
        *(
            replace_function("waitlists", name, version=version, previous=version - 1)
            for name, version in (
                ("rank_line", 3),
                ("reserving", 2),
                ("record_reserving", 2),
                ("record_entries", 2),
                ("record_line", 2),
                ("record_event", 2),
                ("open_line", 2),
                ("offers_made", 2),
            )
        ),
        migrations.RunSQL(TRIGGERS, TRIGGERS_BEFORE),
        *(migrations.RunSQL(one.reverse_sql or "", one.sql) for one in BEFORE),
        *NOW,
        # A new position is written beside the old one while the page has room, without touching
        # an index. Pages that are full already empty as their entries change.
        migrations.RunSQL(
            "ALTER TABLE waitlists SET (fillfactor = 45)",
            "ALTER TABLE waitlists RESET (fillfactor)",
        ),
    ]
