-- Log updated rows: only the columns that changed. The trigger's arguments are those of
-- audit_insert.
--
-- The old and the new version of a row meet by grouping and not by a join: transition tables have
-- no statistics, so a join could be planned as a nested loop, which takes seconds for ten thousand
-- rows. Derived columns are dropped before comparing, so moved ranks and seats leave no rows here.
CREATE OR REPLACE FUNCTION audit_update() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    key_column text := TG_ARGV[0];
    event_key text := CASE TG_TABLE_NAME WHEN 'events' THEN 'id' ELSE 'event_id' END;
    organizer_key text := CASE TG_TABLE_NAME
        WHEN 'events' THEN 'created_by_id' ELSE 'organizer_id' END;
    derived text[] := TG_ARGV[1];
    hidden text[] := TG_ARGV[2];
BEGIN
    INSERT INTO audit_log
        (table_name, row_id, event_id, organizer_id, action, kind, before, after,
        actor, via, request_id, act, cause, signed, db_role, client)
    SELECT TG_TABLE_NAME, id, event_id, organizer_id, 'update',
        audit_kind(difference[1], difference[2]), difference[1], difference[2],
        (stamp).actor, (stamp).via, (stamp).request_id, (stamp).act, (stamp).cause, (stamp).signed, session_user, (stamp).client
    -- OFFSET 0 keeps what is made once from being made anew for each column that uses it.
    FROM (
        -- A subquery of its own is evaluated once, and only if a row has changed: most updates of
        -- events only move seats.
        SELECT id, (SELECT audit_stamp()) AS stamp, (new_record ->> event_key)::uuid AS event_id,
            (new_record ->> organizer_key)::uuid AS organizer_id, (
            SELECT ARRAY[
                jsonb_object_agg(name, CASE
                    WHEN name = ANY (hidden) AND old_record -> name <> 'null' THEN '"[redacted]"'
                    ELSE old_record -> name END),
                jsonb_object_agg(name, CASE
                    WHEN name = ANY (hidden) AND value <> 'null' THEN '"[redacted]"'
                    ELSE value END)]
            FROM jsonb_each(new_record) AS columns(name, value)
            WHERE old_record -> name IS DISTINCT FROM value) AS difference
        FROM (
            SELECT id, (array_agg(record) FILTER (WHERE is_old))[1] AS old_record,
                (array_agg(record) FILTER (WHERE NOT is_old))[1] AS new_record
            FROM (
                SELECT (record ->> key_column)::uuid AS id, is_old, record FROM (
                    SELECT true AS is_old, to_jsonb(o) - derived AS record FROM old_rows o
                    UNION ALL
                    SELECT false, to_jsonb(n) - derived FROM new_rows n OFFSET 0) AS made
            ) AS sides
            GROUP BY id
        ) AS paired
        WHERE old_record <> new_record
            -- The organizer is filled in once, by a migration; no change ever includes it.
            AND old_record - 'organizer_id' <> new_record - 'organizer_id' OFFSET 0
    ) AS changed;
    RETURN NULL;
END
$$;
