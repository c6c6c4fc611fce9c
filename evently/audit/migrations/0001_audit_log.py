"""The trail: its table, the functions that write it, and the guard that keeps it as written."""

from django.db import migrations, models
from django.db.models import Q

import evently.database.functions
import evently.database.ids

# One function for each kind of change. Arguments: the key's column, the columns that are
# derived and not followed, the columns whose values are not copied.
#
# Transition tables have no statistics, and a cached plan may stem from a single row: a nested
# loop over them took seconds for ten thousand rows, so it is switched off. Derived columns are
# dropped before the comparison, so ranks and free seats moving leave nothing here.
FUNCTIONS = """
CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- The triggers below insert as the owner, who may also empty the table (a test's flush).
    -- Rows once written, nobody may touch.
    IF TG_OP IN ('INSERT', 'TRUNCATE') AND pg_has_role(
        current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE'
    ) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the trail is written by triggers only, and append-only'
        USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'trg_append_only';
END
$$;
CREATE TRIGGER trg_append_only BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();

CREATE FUNCTION audit_actor() RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT left(coalesce(nullif(current_setting('evently.actor', true), ''), session_user), 200)
$$;

CREATE FUNCTION audit_via() RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN current_setting('evently.via', true)
        IN ('page', 'api', 'admin', 'task', 'shell')
        THEN current_setting('evently.via', true) ELSE 'sql' END
$$;

CREATE FUNCTION audit_request() RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT left(coalesce(current_setting('evently.request_id', true), ''), 200)
$$;

CREATE FUNCTION audit_redacted(record jsonb, hidden text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT record || jsonb_object_agg(name, '[redacted]') FROM unnest(hidden) AS name
    WHERE record -> name <> 'null'
$$;

CREATE FUNCTION audit_insert() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    key text := TG_ARGV[0];
    event_key text := CASE TG_TABLE_NAME WHEN 'events' THEN 'id' ELSE 'event_id' END;
    derived text[] := TG_ARGV[1];
    hidden text[] := TG_ARGV[2];
    who text := audit_actor();
    through text := audit_via();
    request text := audit_request();
BEGIN
    INSERT INTO audit_log
        (table_name, row_id, event_id, action, after, actor, via, request_id)
    SELECT TG_TABLE_NAME, (record ->> key)::uuid, (record ->> event_key)::uuid, 'insert',
        CASE WHEN record ?| hidden
            THEN coalesce(audit_redacted(record, hidden), record) ELSE record END,
        who, through, request
    FROM (SELECT to_jsonb(n) - derived AS record FROM new_rows n) AS made;
    RETURN NULL;
END
$$;

CREATE FUNCTION audit_delete() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    key text := TG_ARGV[0];
    event_key text := CASE TG_TABLE_NAME WHEN 'events' THEN 'id' ELSE 'event_id' END;
    derived text[] := TG_ARGV[1];
    hidden text[] := TG_ARGV[2];
    who text := audit_actor();
    through text := audit_via();
    request text := audit_request();
BEGIN
    INSERT INTO audit_log
        (table_name, row_id, event_id, action, before, actor, via, request_id)
    SELECT TG_TABLE_NAME, (record ->> key)::uuid, (record ->> event_key)::uuid, 'delete',
        CASE WHEN record ?| hidden
            THEN coalesce(audit_redacted(record, hidden), record) ELSE record END,
        who, through, request
    FROM (SELECT to_jsonb(o) - derived AS record FROM old_rows o) AS gone;
    RETURN NULL;
END
$$;

CREATE FUNCTION audit_update() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET enable_nestloop = off AS $$
DECLARE
    event_key text := CASE TG_TABLE_NAME WHEN 'events' THEN 'id' ELSE 'event_id' END;
    derived text[] := TG_ARGV[1];
    hidden text[] := TG_ARGV[2];
    who text := audit_actor();
    through text := audit_via();
    request text := audit_request();
BEGIN
    INSERT INTO audit_log
        (table_name, row_id, event_id, action, before, after, actor, via, request_id)
    SELECT TG_TABLE_NAME, id, (new_record ->> event_key)::uuid, 'update',
        changed.before, changed.after, who, through, request
    -- OFFSET 0 keeps the records as they are made; pulled up, each was made anew for each column.
    FROM (SELECT o.id, to_jsonb(o) - derived AS old_record FROM old_rows o OFFSET 0) AS old_side
    JOIN (SELECT n.id, to_jsonb(n) - derived AS new_record FROM new_rows n OFFSET 0) AS new_side
        USING (id),
    LATERAL (
        SELECT
            jsonb_object_agg(key, CASE
                WHEN key = ANY (hidden) AND old_record -> key <> 'null' THEN '"[redacted]"'
                ELSE old_record -> key END) AS before,
            jsonb_object_agg(key, CASE
                WHEN key = ANY (hidden) AND value <> 'null' THEN '"[redacted]"'
                ELSE value END) AS after
        FROM jsonb_each(new_record) WHERE old_record -> key IS DISTINCT FROM value
    ) AS changed
    WHERE old_record <> new_record;
    RETURN NULL;
END
$$;
"""

REVERSE = """
DROP FUNCTION audit_update();
DROP FUNCTION audit_delete();
DROP FUNCTION audit_insert();
DROP FUNCTION audit_redacted(jsonb, text[]);
DROP FUNCTION audit_request();
DROP FUNCTION audit_via();
DROP FUNCTION audit_actor();
DROP TRIGGER trg_append_only ON audit_log;
DROP FUNCTION audit_append_only();
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
                    models.Index(fields=["actor", "id"], name="idx_audit_actor"),
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
