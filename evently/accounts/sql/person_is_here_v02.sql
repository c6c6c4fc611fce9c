-- Refuse rows for a user whose account is erased, or whose deletion is pending.
--
-- For deferred constraint triggers. Erasing locks the user's row, so a booking made at the same
-- time waits here at its commit and then sees that the account is gone. A user that never existed
-- is left to the foreign key. While a deletion is pending, what the user has stays: an offer, made
-- or yet to be made to an entry of before, may still become a booking.
CREATE OR REPLACE FUNCTION evently_person_is_here() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone timestamptz;
    ending timestamptz;
    stands boolean;
BEGIN
    SELECT deleted_at, deletion_due_at INTO gone, ending FROM users WHERE id = NEW.user_id
        FOR KEY SHARE;
    IF gone IS NULL AND ending IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE id = $1 AND event_id = $2 AND status = $3)',
        TG_TABLE_NAME) INTO stands USING NEW.id, NEW.event_id, NEW.status;
    IF NOT stands THEN
        RETURN NULL;
    END IF;
    IF gone IS NOT NULL THEN
        RAISE EXCEPTION 'person % has left', NEW.user_id
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'trg_person_left';
    END IF;
    IF TG_TABLE_NAME = 'bookings' AND EXISTS (
        SELECT FROM waitlist_promotions WHERE event_id = NEW.event_id AND booking_id = NEW.id
    ) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the deletion of person % is pending', NEW.user_id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_deletion_pending';
END
$$;
