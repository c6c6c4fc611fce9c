-- Refuse to change who sent an email again, and when. `by` becomes null with that person's row.
CREATE OR REPLACE FUNCTION evently_resends_kept() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'resend % cannot be changed', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_resends_kept';
END
$$;
