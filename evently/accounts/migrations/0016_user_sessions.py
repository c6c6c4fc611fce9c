"""List the sessions of each user, so that they can be seen and ended one by one."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import evently.database.functions
import evently.database.ids
from evently.database.sql import foreign_key
from evently.database.versioned import replace_function

TRIGGERS = """
    CREATE TRIGGER trg_session_ended AFTER DELETE ON user_sessions
        FOR EACH ROW EXECUTE FUNCTION evently_session_ended();
    CREATE TRIGGER trg_session_gone AFTER DELETE ON django_session
        FOR EACH ROW EXECUTE FUNCTION evently_session_gone();
    CREATE TRIGGER trg_user_sessions AFTER UPDATE OF password_hash, session_version ON users
        FOR EACH ROW WHEN (
            (OLD.password_hash, OLD.session_version)
            IS DISTINCT FROM (NEW.password_hash, NEW.session_version)
        ) EXECUTE FUNCTION evently_user_sessions_ended();
"""
NO_TRIGGERS = """
    DROP TRIGGER trg_user_sessions ON users;
    DROP TRIGGER trg_session_gone ON django_session;
    DROP TRIGGER trg_session_ended ON user_sessions;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0015_session_digests")]
    operations = [
        migrations.CreateModel(
            name="UserSession",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=evently.database.functions.UuidV7(),
                        default=evently.database.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("session_digest", models.TextField(editable=False)),
                (
                    "ip_address",
                    models.GenericIPAddressField(blank=True, null=True, verbose_name="IP address"),
                ),
                ("user_agent", models.TextField(blank=True, db_default="", default="")),
                (
                    "started_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
                (
                    "last_seen_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="listed_sessions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "user_sessions",
                "indexes": [
                    models.Index(fields=["user", "last_seen_at"], name="idx_user_sessions_user")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("session_digest",), name="unq_session_digest"),
                    models.CheckConstraint(
                        condition=models.Q(("session_digest__regex", "^[0-9a-f]{64}$")),
                        name="chk_session_digest",
                    ),
                ],
            },
        ),
        foreign_key("user_sessions", "user_id", "users", on_delete="CASCADE"),
        replace_function("accounts", "session_ended", version=1, previous=None),
        replace_function("accounts", "session_gone", version=1, previous=None),
        replace_function("accounts", "user_sessions_ended", version=1, previous=None),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
    ]
