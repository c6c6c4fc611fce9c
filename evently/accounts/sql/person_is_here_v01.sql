-- Refuse rows for a user whose account is erased.
--
-- For deferred constraint triggers. Erasing locks the user's row, so a booking made at the same
-- time waits here at its commit and then sees that the account is gone. A user that never existed
-- is left to the foreign key.
CREATE OR REPLACE FUNCTION evently_person_is_here() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone timestamptz;
    stands boolean;
BEGIN
    SELECT deleted_at INTO gone FROM users WHERE id = NEW.user_id FOR KEY SHARE;
    IF gone IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE id = $1 AND event_id = $2 AND status = $3)',
        TG_TABLE_NAME) INTO stands USING NEW.id, NEW.event_id, NEW.status;
    IF stands THEN
        RAISE EXCEPTION 'person % has left', NEW.user_id
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'trg_person_left';
    END IF;
    RETURN NULL;
END
$$;
