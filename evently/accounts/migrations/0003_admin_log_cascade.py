"""Let Django's own log of the admin go with a user whose row is deleted by plain SQL.

Evently leaves that log empty (see `evently.audit.admin`), but its foreign key would still stand
in the way of the cascades, which are the database's own.
"""

from django.db import migrations

RENEW = """
DO $do$
DECLARE
    old_name text;
BEGIN
    SELECT conname INTO STRICT old_name FROM pg_constraint
    WHERE conrelid = 'django_admin_log'::regclass AND confrelid = 'users'::regclass;
    EXECUTE format('ALTER TABLE django_admin_log DROP CONSTRAINT %I', old_name);
    EXECUTE format(
        'ALTER TABLE django_admin_log ADD CONSTRAINT %I FOREIGN KEY (user_id) '
        'REFERENCES users (id) <rule> DEFERRABLE INITIALLY DEFERRED', old_name);
END
$do$;
"""


class Migration(migrations.Migration):
    """Cascade in the database."""

    dependencies = [("accounts", "0002_api_tokens"), ("admin", "0001_initial")]
    operations = [
        migrations.RunSQL(RENEW.replace("<rule>", "ON DELETE CASCADE"), RENEW.replace("<rule>", ""))
    ]
