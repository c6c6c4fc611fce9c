-- Allow only legal changes of a waitlist entry: position and joined_at are derived, user and event
-- stay, the price does not rise, and more seats mean joining again.
--
-- Its trigger is named to run before the one that joins: triggers of one kind run in the order of
-- their names.
CREATE OR REPLACE FUNCTION evently_waitlists_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_open boolean := OLD.status IN ('waiting', 'promoted') AND NEW.status IN ('waiting', 'promoted');
BEGIN
    IF (NEW.id, NEW.event_id, NEW.user_id) IS DISTINCT FROM (OLD.id, OLD.event_id, OLD.user_id)
        OR (is_open AND (NEW.quantity > OLD.quantity OR NEW.unit_price > OLD.unit_price))
        OR (NEW.status = 'promoted' AND OLD.status NOT IN ('waiting', 'promoted'))
        OR (NEW.status = 'waiting' AND OLD.status = 'promoted'
            AND NOT evently_waits_on(OLD, NEW))
    THEN
        RAISE EXCEPTION 'waitlist entry % cannot change like this', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_entry_final';
    END IF;
    IF NOT evently_by_trigger(TG_RELID) THEN
        NEW.position := OLD.position;
        NEW.updated_at := evently_clock();
    END IF;
    NEW.joined_at := OLD.joined_at;
    NEW.ref := coalesce(OLD.ref, NEW.ref);
    IF NEW.status <> 'waiting' THEN
        NEW.position := NULL;
    ELSIF is_open AND (OLD.status = 'promoted' OR OLD.confirmed_at IS NULL)
        AND NEW.confirmed_at IS NOT NULL
    THEN
        -- Passes count from here.
        NEW.passed_over := 0;
        NEW.public_sales_before :=
            coalesce((SELECT public_sales FROM lines WHERE event_id = NEW.event_id), 0);
    END IF;
    RETURN NEW;
END
$$;
