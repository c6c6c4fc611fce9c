-- Log deleted rows. The trigger's arguments are those of audit_insert.
CREATE OR REPLACE FUNCTION audit_delete() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    key text := TG_ARGV[0];
    event_key text := CASE TG_TABLE_NAME WHEN 'events' THEN 'id' ELSE 'event_id' END;
    derived text[] := TG_ARGV[1];
    hidden text[] := TG_ARGV[2];
    stamp audit_stamped := audit_stamp();
BEGIN
    INSERT INTO audit_log
        (table_name, row_id, event_id, action, kind, before,
        actor, via, request_id, act, cause, signed, db_role, client)
    SELECT TG_TABLE_NAME, (record ->> key)::uuid, (record ->> event_key)::uuid, 'delete', 'deleted',
        CASE WHEN record ?| hidden
            THEN coalesce(audit_redacted(record, hidden), record) ELSE record END,
        stamp.actor, stamp.via, stamp.request_id, stamp.act, stamp.cause, stamp.signed,
        session_user, stamp.client
    FROM (SELECT to_jsonb(o) - derived AS record FROM old_rows o) AS gone;
    RETURN NULL;
END
$$;
