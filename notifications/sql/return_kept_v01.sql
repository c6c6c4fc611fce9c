-- Refuse changes of a report of what became of an email, but for the time at which it was applied.
CREATE OR REPLACE FUNCTION evently_return_kept() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'report % of an email cannot be changed', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_return_kept';
END
$$;
