"""The trail: its table, the functions that write it, and the guard that keeps it as written."""

from django.db import migrations, models
from django.db.models import Q

import evently.database.functions
import evently.database.ids

# One function for each kind of change. Arguments: the key's column, the columns that are
# derived and not followed, the columns whose values are not copied.
#
# Transition tables have no statistics: a nested loop over them took seconds for ten thousand
# rows, so it is switched off. A derived column is dropped before the comparison, so that ranks
# and free seats moving leave nothing here.
FUNCTIONS = """
CREATE FUNCTION audit_redacted(record jsonb, hidden text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN record ?| hidden THEN record || (
        SELECT jsonb_object_agg(
            name, CASE WHEN record -> name = 'null' THEN 'null' ELSE '"[redacted]"'::jsonb END)
        FROM unnest(hidden) AS name WHERE record ? name
    ) ELSE record END
$$;

CREATE FUNCTION audit_changed(record jsonb, other jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT jsonb_object_agg(key, value) FROM jsonb_each(record)
    WHERE other -> key IS DISTINCT FROM value
$$;

CREATE FUNCTION audit_stamped() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT pg_has_role(
        current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE'
    ) THEN
        RAISE EXCEPTION 'the trail is written by triggers only'
            USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'trg_append_only';
    END IF;
    NEW.actor := left(coalesce(
        nullif(current_setting('evently.actor', true), ''), session_user), 200);
    NEW.via := coalesce(nullif(current_setting('evently.via', true), ''), 'sql');
    IF NEW.via NOT IN ('page', 'api', 'admin', 'task', 'shell') THEN
        NEW.via := 'sql';
    END IF;
    NEW.request_id := left(coalesce(current_setting('evently.request_id', true), ''), 200);
    NEW.at := evently_clock();
    IF NEW.table_name = 'events' THEN
        NEW.event_id := NEW.row_id;
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- The owner may empty the table (a test's flush); rows one by one, nobody may touch.
    IF TG_OP = 'TRUNCATE' AND pg_has_role(
        current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE'
    ) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the trail is append-only'
        USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'trg_append_only';
END
$$;

CREATE FUNCTION audit_insert() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO audit_log (table_name, row_id, event_id, action, after, actor)
    SELECT TG_TABLE_NAME, (record ->> TG_ARGV[0])::uuid, (record ->> 'event_id')::uuid,
        'insert', audit_redacted(record - TG_ARGV[1]::text[], TG_ARGV[2]::text[]), ''
    FROM (SELECT to_jsonb(n) AS record FROM new_rows n) AS made;
    RETURN NULL;
END
$$;

CREATE FUNCTION audit_delete() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO audit_log (table_name, row_id, event_id, action, before, actor)
    SELECT TG_TABLE_NAME, (record ->> TG_ARGV[0])::uuid, (record ->> 'event_id')::uuid,
        'delete', audit_redacted(record - TG_ARGV[1]::text[], TG_ARGV[2]::text[]), ''
    FROM (SELECT to_jsonb(o) AS record FROM old_rows o) AS gone;
    RETURN NULL;
END
$$;

CREATE FUNCTION audit_update() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET enable_nestloop = off AS $$
BEGIN
    INSERT INTO audit_log (table_name, row_id, event_id, action, before, after, actor)
    SELECT TG_TABLE_NAME, (new_record ->> TG_ARGV[0])::uuid, (new_record ->> 'event_id')::uuid,
        'update',
        audit_redacted(audit_changed(old_record, new_record), TG_ARGV[2]::text[]),
        audit_redacted(audit_changed(new_record, old_record), TG_ARGV[2]::text[]),
        ''
    FROM (SELECT to_jsonb(o) - TG_ARGV[1]::text[] AS old_record FROM old_rows o) AS before
    JOIN (SELECT to_jsonb(n) - TG_ARGV[1]::text[] AS new_record FROM new_rows n) AS after
        ON new_record ->> TG_ARGV[0] = old_record ->> TG_ARGV[0]
    WHERE old_record IS DISTINCT FROM new_record;
    RETURN NULL;
END
$$;

CREATE TRIGGER trg_audit_stamped BEFORE INSERT ON audit_log
    FOR EACH ROW EXECUTE FUNCTION audit_stamped();
CREATE TRIGGER trg_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
"""

REVERSE = """
DROP TRIGGER trg_append_only ON audit_log;
DROP TRIGGER trg_audit_stamped ON audit_log;
DROP FUNCTION audit_update();
DROP FUNCTION audit_delete();
DROP FUNCTION audit_insert();
DROP FUNCTION audit_append_only();
DROP FUNCTION audit_stamped();
DROP FUNCTION audit_changed(jsonb, jsonb);
DROP FUNCTION audit_redacted(jsonb, text[]);
"""


class Migration(migrations.Migration):
    """The trail of every change."""

    initial = True
    dependencies = [("evently", "0001_functions")]
    operations = [
        migrations.CreateModel(
            name="AuditLog",
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
                ("at", models.DateTimeField(db_default=evently.database.functions.Clock())),
                ("table_name", models.TextField(verbose_name="table")),
                ("row_id", models.UUIDField(verbose_name="row")),
                ("event_id", models.UUIDField(null=True, verbose_name="event")),
                (
                    "action",
                    models.TextField(
                        choices=[
                            ("insert", "Created"),
                            ("update", "Changed"),
                            ("delete", "Deleted"),
                        ]
                    ),
                ),
                ("before", models.JSONField(null=True)),
                ("after", models.JSONField(null=True)),
                ("actor", models.TextField()),
                (
                    "via",
                    models.TextField(
                        choices=[
                            ("page", "Page"),
                            ("api", "API"),
                            ("admin", "Admin"),
                            ("task", "Task"),
                            ("shell", "Shell"),
                            ("sql", "SQL"),
                        ],
                        db_default="sql",
                    ),
                ),
                ("request_id", models.TextField(db_default="")),
            ],
            options={
                "verbose_name": "change",
                "verbose_name_plural": "audit trail",
                "db_table": "audit_log",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["row_id", "id"], name="idx_audit_row"),
                    models.Index(
                        condition=Q(("event_id__isnull", False)),
                        fields=["event_id", "id"],
                        name="idx_audit_event",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(("action__in", ["insert", "update", "delete"])),
                        name="chk_audit_action",
                    ),
                    models.CheckConstraint(
                        condition=Q(("via__in", ["page", "api", "admin", "task", "shell", "sql"])),
                        name="chk_audit_via",
                    ),
                ],
            },
        ),
        migrations.RunSQL(FUNCTIONS, REVERSE),
    ]
