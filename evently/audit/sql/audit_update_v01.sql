-- Log updated rows: only the columns that changed. The trigger's arguments are those of
-- audit_insert.
--
-- Transition tables have no statistics, and a cached plan may come from a single row: a nested loop
-- over them took seconds for ten thousand rows, so nested loops are off. Derived columns are dropped
-- before comparing, so moved ranks and seats leave no rows here.
CREATE OR REPLACE FUNCTION audit_update() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
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
