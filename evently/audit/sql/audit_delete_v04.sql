-- Log deleted rows. The trigger's arguments are those of audit_insert. Rows that the lifecycle moves
-- or deletes are not copied: its functions log one line for all of them (evently_log_retired).
CREATE OR REPLACE FUNCTION audit_delete() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    key text := TG_ARGV[0];
    event_key text := CASE TG_TABLE_NAME WHEN 'events' THEN 'id' ELSE 'event_id' END;
    organizer_key text := CASE TG_TABLE_NAME
        WHEN 'events' THEN 'created_by_id' ELSE 'organizer_id' END;
    -- The audit log has a column for the organizer.
    derived text[] := TG_ARGV[1]::text[] || 'organizer_id'::text;
    hidden text[] := TG_ARGV[2];
    stamp audit_stamped;
BEGIN
    IF evently_retiring() IS NOT NULL THEN
        RETURN NULL;
    END IF;
    stamp := audit_stamp();
    INSERT INTO audit_log
        (table_name, row_id, event_id, organizer_id, action, kind, before,
        actor, via, request_id, act, cause, signed, db_role, client)
    SELECT TG_TABLE_NAME, (record ->> key)::uuid, (record ->> event_key)::uuid, organizer_id,
        'delete', 'deleted',
        CASE WHEN record ?| hidden
            THEN coalesce(audit_redacted(record, hidden), record) ELSE record END,
        stamp.actor, stamp.via, stamp.request_id, stamp.act, stamp.cause, stamp.signed,
        session_user, stamp.client
    -- OFFSET 0 keeps what is made once from being made anew for each column that uses it.
    FROM (
        SELECT whole - derived AS record, (whole ->> organizer_key)::uuid AS organizer_id
        FROM (SELECT to_jsonb(o) AS whole FROM old_rows o OFFSET 0) AS copied OFFSET 0
    ) AS gone;
    RETURN NULL;
END
$$;
