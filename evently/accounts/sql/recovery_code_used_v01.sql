-- A recovery code works once: what is used stays used, and a code stays its user's.
CREATE OR REPLACE FUNCTION evently_recovery_code_used() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF (NEW.id, NEW.user_id, NEW.digest) IS DISTINCT FROM (OLD.id, OLD.user_id, OLD.digest)
        OR OLD.used_at IS NOT NULL
    THEN
        RAISE EXCEPTION 'recovery code % cannot change like this', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_recovery_code_used';
    END IF;
    RETURN NEW;
END
$$;
