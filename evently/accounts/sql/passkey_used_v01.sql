-- What a passkey proves stays, and its counter only grows: a copy of it would fall behind. Without a
-- counter, it is 0 each time.
CREATE OR REPLACE FUNCTION evently_passkey_used() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF (NEW.id, NEW.user_id, NEW.credential_id, NEW.public_key, NEW.created_at)
        IS DISTINCT FROM
       (OLD.id, OLD.user_id, OLD.credential_id, OLD.public_key, OLD.created_at)
        OR NEW.sign_count < OLD.sign_count
    THEN
        RAISE EXCEPTION 'passkey % cannot change like this', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_passkey_used';
    END IF;
    RETURN NEW;
END
$$;
