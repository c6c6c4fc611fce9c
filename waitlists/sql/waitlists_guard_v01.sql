-- Allow only legal changes of a waitlist entry: position and joined_at are derived, user and event
-- stay, the price does not rise, and more seats mean joining again.
--
-- Its trigger is named to run before the one that joins: triggers of one kind run in the order of
-- their names.
CREATE OR REPLACE FUNCTION evently_waitlists_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.event_id, NEW.user_id) IS DISTINCT FROM (OLD.id, OLD.event_id, OLD.user_id)
        OR (NEW.status IN ('waiting', 'promoted') AND OLD.status IN ('waiting', 'promoted')
            AND (NEW.quantity > OLD.quantity OR NEW.unit_price > OLD.unit_price)
            AND NOT (OLD.status = 'promoted' AND NEW.status = 'waiting'))
        OR (NEW.status = 'promoted' AND OLD.status NOT IN ('waiting', 'promoted'))
        OR (NEW.status = 'waiting' AND OLD.status = 'promoted' AND EXISTS (
            SELECT FROM waitlist_promotions
            WHERE waitlist_id = OLD.id AND event_id = OLD.event_id AND status = 'pending'))
    THEN
        RAISE EXCEPTION 'waitlist entry % cannot change like this', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_entry_final';
    END IF;
    IF NOT evently_by_trigger(TG_RELID) THEN
        NEW.position := OLD.position;
        NEW.updated_at := evently_clock();
    END IF;
    NEW.joined_at := OLD.joined_at;
    IF NEW.status <> 'waiting' THEN
        NEW.position := NULL;
    END IF;
    RETURN NEW;
END
$$;
