-- Delete rows whose copy in cold storage was read back, and list the file; return how many.
--
-- file: a row of cold_files that is being written. ids, versions: of each row its id and its xmin,
-- as they were when the file was written. All of them or none: a row that was changed since, is gone
-- or is too young for cold storage refuses the move under `trg_cold_changed`, and the file counts
-- for nothing.
CREATE OR REPLACE FUNCTION evently_move_to_cold(file uuid, ids uuid[], versions text[])
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    cold cold_files;
    rule secrets.retention;
    deleted integer;
BEGIN
    SELECT * INTO cold FROM cold_files WHERE id = file FOR UPDATE;
    IF NOT FOUND OR cold.state NOT IN ('writing', 'restored') OR cold.sha256 = '' THEN
        RAISE EXCEPTION 'file % is not being written', file
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_cold_state';
    END IF;
    SELECT * INTO rule FROM secrets.retention
        WHERE table_name = cold.table_name AND how = 'cold';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'rows of % are not kept in cold storage', cold.table_name
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_retention_rule';
    END IF;
    PERFORM evently_retire('cold');
    EXECUTE format(
        'DELETE FROM %1$I t USING unnest($1, $2) AS given (id, version)'
        ' WHERE t.id = given.id AND t.xmin::text = given.version AND t.%2$I < $3',
        cold.table_name, rule.at_column)
        USING ids, versions, evently_clock() - rule.period;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    IF deleted <> cold.rows OR deleted <> cardinality(ids) THEN
        RAISE EXCEPTION 'of % rows in file %, % could be deleted', cold.rows, file, deleted
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_cold_changed';
    END IF;
    UPDATE cold_files SET state = 'stored', stored_at = evently_clock(), restored_at = NULL
        WHERE id = file;
    PERFORM evently_log_retired(cold.table_name, file, NULL, 'stored', jsonb_build_object(
        'rows', deleted, 'month', cold.month, 'file', cold.name));
    PERFORM evently_retire(NULL);
    RETURN deleted;
END
$$;

COMMENT ON FUNCTION evently_move_to_cold(uuid, uuid[], text[]) IS
    'Deletes rows that a file in cold storage holds; returns how many.';
