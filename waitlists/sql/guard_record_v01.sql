-- Keep the public record of lines append-only, and written by the ledger alone; it is deleted with
-- its event. Only the state of a line (argument 'state') is updated.
CREATE OR REPLACE FUNCTION evently_guard_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID)
        AND (TG_OP = 'INSERT' OR TG_OP = 'DELETE' AND pg_trigger_depth() > 1
            OR TG_OP = 'UPDATE' AND TG_ARGV[0] = 'state')
    THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION 'the record of a line is written by the database and never changed'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_append_only';
END
$$;
