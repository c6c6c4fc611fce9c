"""Say about others' rows just what everybody may know, and who belongs to an organizer's events."""

from django.db import migrations

from evently.database.versioned import replace_function

# The release before knows no roles: its login reads tables as they are.
WITHOUT_POLICIES = """
    DO $$
    DECLARE
        one record;
    BEGIN
        FOR one IN SELECT p.polname, p.polrelid::regclass AS tab FROM pg_policy p LOOP
            EXECUTE format('DROP POLICY %I ON %s', one.polname, one.tab);
        END LOOP;
        FOR one IN
            SELECT oid::regclass AS tab FROM pg_class
            WHERE relrowsecurity AND relnamespace IN
                (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'keys'))
        LOOP
            EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', one.tab);
        END LOOP;
    END
    $$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("waitlists", "0030_forget_archived"),
        ("bookings", "0028_row_security"),
        ("events", "0034_row_security"),
    ]
    operations = [
        replace_function("waitlists", name, version=1, previous=None)
        for name in ("is_mine", "seats_returned", "waiting", "waitlists")
    ] + [migrations.RunSQL(migrations.RunSQL.noop, WITHOUT_POLICIES)]
