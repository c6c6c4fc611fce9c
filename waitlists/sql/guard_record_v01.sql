-- Keep the public record of lines append-only, for its owner too: it is deleted only with its event.
CREATE OR REPLACE FUNCTION evently_guard_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND pg_trigger_depth() > 1 THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the record of a line is written by the database and never changed'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_append_only';
END
$$;
