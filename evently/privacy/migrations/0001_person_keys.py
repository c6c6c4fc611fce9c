"""A key for each person, in a schema of its own; it goes when its person's row goes."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import evently.database.functions
from evently.audit.migration import audited

# 60 bytes: 12 of nonce, 32 of key, 16 of tag.
TABLE = """
CREATE TABLE keys.person_keys (
    user_id uuid PRIMARY KEY,
    wrapped_key bytea NOT NULL,
    wrapping_key_name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT evently_clock(),
    CONSTRAINT chk_wrapped_key_length CHECK (length(wrapped_key) = 60)
);
CREATE INDEX idx_person_keys_wrapping ON keys.person_keys (wrapping_key_name, user_id);

CREATE FUNCTION user_key_destroyed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        TRUNCATE keys.person_keys;
    ELSE
        DELETE FROM keys.person_keys WHERE user_id IN (SELECT id FROM old_rows);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER trg_user_key_destroyed AFTER DELETE ON users
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION user_key_destroyed();
CREATE TRIGGER trg_user_keys_emptied AFTER TRUNCATE ON users
    FOR EACH STATEMENT EXECUTE FUNCTION user_key_destroyed();
"""
NO_TABLE = """
DROP TRIGGER trg_user_keys_emptied ON users;
DROP TRIGGER trg_user_key_destroyed ON users;
DROP FUNCTION user_key_destroyed();
DROP TABLE keys.person_keys;
"""


class Migration(migrations.Migration):
    """People's keys."""

    initial = True
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("evently", "0002_schemas"),
        ("audit", "0001_audit_log"),
    ]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(TABLE, NO_TABLE)],
            state_operations=[
                migrations.CreateModel(
                    name="PersonKey",
                    fields=[
                        (
                            "user",
                            models.OneToOneField(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                primary_key=True,
                                related_name="person_key",
                                serialize=False,
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("wrapped_key", models.BinaryField()),
                        ("wrapping_key_name", models.TextField()),
                        (
                            "created_at",
                            models.DateTimeField(db_default=evently.database.functions.Clock()),
                        ),
                    ],
                    options={"db_table": '"keys"."person_keys"'},
                )
            ],
        ),
        # Making a key tells nothing that the user's row does not; destroying one does.
        *audited("keys.person_keys", key="user_id", actions=["delete"]),
    ]
