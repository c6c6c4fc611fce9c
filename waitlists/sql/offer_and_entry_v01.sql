-- At commit, check that an entry is promoted exactly while it has a pending promotion. Otherwise
-- the next cancellation would offer its seats twice.
CREATE OR REPLACE FUNCTION evently_offer_and_entry() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    event uuid;
    entry uuid;
    fate text;
BEGIN
    IF TG_TABLE_NAME = 'waitlists' THEN
        event := NEW.event_id; entry := NEW.id;
    ELSIF TG_OP = 'DELETE' THEN
        event := OLD.event_id; entry := OLD.waitlist_id;
    ELSE
        event := NEW.event_id; entry := NEW.waitlist_id;
    END IF;
    SELECT status INTO fate FROM waitlists WHERE id = entry AND event_id = event;
    IF FOUND AND (fate = 'promoted') <> EXISTS (
        SELECT FROM waitlist_promotions
        WHERE waitlist_id = entry AND event_id = event AND status = 'pending')
    THEN
        RAISE EXCEPTION 'waitlist entry % is %, which does not go with its offers', entry, fate
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_promotion_entry';
    END IF;
    RETURN NULL;
END
$$;
