-- Who removed whose second factors, and why, stays as it was written, except that the one who did it
-- may be deleted.
CREATE OR REPLACE FUNCTION evently_reset_kept() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF (NEW.id, NEW.user_id, NEW.reason, NEW.reset_at)
        IS DISTINCT FROM (OLD.id, OLD.user_id, OLD.reason, OLD.reset_at)
        OR NEW.reset_by_id IS NOT NULL
    THEN
        RAISE EXCEPTION 'reset % cannot be changed', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_reset_kept';
    END IF;
    RETURN NEW;
END
$$;
