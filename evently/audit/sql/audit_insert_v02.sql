-- Log inserted rows.
--
-- Arguments of the trigger: the key column, derived columns (not logged), and hidden columns
-- (logged without their values).
CREATE OR REPLACE FUNCTION audit_insert() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    key text := TG_ARGV[0];
    event_key text := CASE TG_TABLE_NAME WHEN 'events' THEN 'id' ELSE 'event_id' END;
    derived text[] := TG_ARGV[1];
    hidden text[] := TG_ARGV[2];
    stamp audit_stamped := audit_stamp();
BEGIN
    INSERT INTO audit_log
        (table_name, row_id, event_id, action, kind, after,
        actor, via, request_id, act, cause, signed, db_role, client)
    SELECT TG_TABLE_NAME, (record ->> key)::uuid, (record ->> event_key)::uuid, 'insert', 'created',
        CASE WHEN record ?| hidden
            THEN coalesce(audit_redacted(record, hidden), record) ELSE record END,
        stamp.actor, stamp.via, stamp.request_id, stamp.act, stamp.cause, stamp.signed,
        session_user, stamp.client
    FROM (SELECT to_jsonb(n) - derived AS record FROM new_rows n) AS made;
    RETURN NULL;
END
$$;
