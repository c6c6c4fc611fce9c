-- Refuse changes of what a booking attempt was. Where it came from may only be deleted.
CREATE OR REPLACE FUNCTION evently_attempt_frozen() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'attempt % stays as it was made', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_attempt_frozen';
END
$$;
