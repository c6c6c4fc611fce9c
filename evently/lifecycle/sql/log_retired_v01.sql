-- Write one line to the audit log for many rows that were moved or deleted: how many, not which.
CREATE OR REPLACE FUNCTION evently_log_retired(
    target text, line_id uuid, event uuid, what text, facts jsonb
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    stamp audit_stamped := audit_stamp();
BEGIN
    INSERT INTO audit_log
        (table_name, row_id, event_id, organizer_id, action, kind, after,
        actor, via, request_id, act, cause, signed, db_role, client)
    VALUES (target, line_id, event, (SELECT created_by_id FROM events WHERE id = event),
        CASE WHEN event IS NULL THEN 'delete' ELSE 'update' END, what,
        facts, stamp.actor, stamp.via, stamp.request_id, stamp.act, stamp.cause, stamp.signed,
        session_user, stamp.client);
END
$$;

REVOKE ALL ON FUNCTION evently_log_retired(text, uuid, uuid, text, jsonb) FROM PUBLIC;
