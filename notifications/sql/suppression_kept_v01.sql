-- Refuse changes of a suppressed address other than its release, once. `released_by` becomes null with
-- that person's row; the digest is made anew with another key.
CREATE OR REPLACE FUNCTION evently_suppression_kept() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'suppression % cannot be changed, only released', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_suppression_kept';
END
$$;
