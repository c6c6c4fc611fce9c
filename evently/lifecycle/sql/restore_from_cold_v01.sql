-- Insert the rows of a file in cold storage again; return how many. The file stays.
--
-- rows: the file's, as a JSON array. The audit log and the price history are read from their files,
-- and never written by anything but triggers.
CREATE OR REPLACE FUNCTION evently_restore_from_cold(file uuid, given jsonb) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    cold cold_files;
    rule secrets.retention;
    columns text;
    restored integer;
BEGIN
    SELECT * INTO cold FROM cold_files WHERE id = file FOR UPDATE;
    IF NOT FOUND OR cold.state <> 'stored' THEN
        RAISE EXCEPTION 'file % is not in cold storage, or restored already', file
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_cold_state';
    END IF;
    SELECT * INTO rule FROM secrets.retention
        WHERE table_name = cold.table_name AND how = 'cold' AND is_restorable;
    IF NOT FOUND OR jsonb_array_length(given) <> cold.rows THEN
        RAISE EXCEPTION 'rows of % are not restored like this', cold.table_name
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_retention_rule';
    END IF;
    PERFORM evently_retire('restore');
    -- Columns that are newer than the file take their defaults.
    SELECT string_agg(quote_ident(key), ', ') INTO columns FROM jsonb_object_keys(given -> 0) AS key
        WHERE EXISTS (SELECT FROM pg_attribute WHERE attname = key AND NOT attisdropped
            AND attrelid = cold.table_name::regclass AND attnum > 0);
    EXECUTE format(
        'INSERT INTO %1$I (%2$s) SELECT %2$s FROM jsonb_populate_recordset(NULL::%1$I, $1)',
        cold.table_name, columns) USING given;
    GET DIAGNOSTICS restored = ROW_COUNT;
    UPDATE cold_files SET state = 'restored', restored_at = evently_clock() WHERE id = file;
    PERFORM evently_log_retired(cold.table_name, file, NULL, 'restored', jsonb_build_object(
        'rows', restored, 'month', cold.month, 'file', cold.name));
    PERFORM evently_retire(NULL);
    RETURN restored;
END
$$;

COMMENT ON FUNCTION evently_restore_from_cold(uuid, jsonb) IS
    'Inserts the rows of a file in cold storage again; returns how many.';
