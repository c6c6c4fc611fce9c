"""Find sessions by the digest of their key, which lists of sessions keep in its place."""

from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0014_guests"), ("sessions", "0001_initial")]
    operations = [
        migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY idx_session_digest ON django_session"
            " (encode(sha256(session_key::bytea), 'hex'))",
            "DROP INDEX CONCURRENTLY IF EXISTS idx_session_digest",
        ),
    ]
