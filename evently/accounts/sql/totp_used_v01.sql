-- A code of an authenticator app works once: the step of the newest one that was used only grows.
CREATE OR REPLACE FUNCTION evently_totp_used() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF (NEW.id, NEW.user_id, NEW.secret) IS DISTINCT FROM (OLD.id, OLD.user_id, OLD.secret)
        OR (OLD.last_step IS NOT NULL AND (NEW.last_step IS NULL OR NEW.last_step <= OLD.last_step))
        OR (OLD.confirmed_at IS NOT NULL AND NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at)
    THEN
        RAISE EXCEPTION 'authenticator app % cannot change like this', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_totp_used';
    END IF;
    RETURN NEW;
END
$$;
