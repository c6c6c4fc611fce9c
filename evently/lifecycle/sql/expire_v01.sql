-- Delete up to `most` rows of a table that are older than its period; return how many.
--
-- The tables and their periods are in `secrets.retention`, which only migrations change. Rows that
-- another transaction has locked are left for the next call. Only the oldest rows are looked at, by
-- an index that the table has.
CREATE OR REPLACE FUNCTION evently_expire(target text, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    rule secrets.retention;
    deleted integer;
BEGIN
    SELECT * INTO rule FROM secrets.retention WHERE table_name = target AND how = 'delete';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'rows of % do not expire', target
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_retention_rule';
    END IF;
    PERFORM evently_retire('expire');
    EXECUTE format(
        'DELETE FROM %1$I WHERE ctid = ANY (ARRAY(SELECT ctid FROM ('
        'SELECT ctid, %2$I AS at FROM %1$I ORDER BY %3$I LIMIT $2 FOR UPDATE SKIP LOCKED'
        ') AS oldest WHERE at < $1))',
        target, rule.at_column, rule.order_column)
        USING evently_clock() - rule.period, most;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    IF deleted > 0 AND rule.is_logged THEN
        PERFORM evently_log_retired(target, evently_uuid7(), NULL, 'expired',
            jsonb_build_object('rows', deleted, 'older_than', rule.period::text));
    END IF;
    PERFORM evently_retire(NULL);
    RETURN deleted;
END
$$;

COMMENT ON FUNCTION evently_expire(text, integer) IS
    'Deletes rows that are older than the period of their table; returns how many.';
