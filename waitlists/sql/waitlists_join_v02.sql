-- Check who may join a waitlist, and set what is derived on joining.
--
-- joined_at is set under the event's lock, so no later entry can get ahead of one whose position
-- was shown already.
CREATE OR REPLACE FUNCTION evently_waitlists_join() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    event events;
BEGIN
    IF NEW.status <> 'waiting' THEN
        IF NEW.status = 'promoted' THEN
            RAISE EXCEPTION 'only who waits is promoted'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_entry_final';
        END IF;
        NEW.position := NULL;
        NEW.unit_price := coalesce(NEW.unit_price, 0);
        RETURN NEW;
    END IF;
    event := evently_lock_event(NEW.event_id);
    -- Where no price is named, the one of this moment was seen.
    NEW.unit_price := coalesce(NEW.unit_price, event.current_price);
    NEW.joined_at := evently_clock();
    NEW.ranked_at := NULL;
    NEW.passed_over := 0;
    NEW.position := NULL;
    IF event.id IS NULL THEN
        -- The foreign key is checked at commit, and the event could be made until then.
        RAISE EXCEPTION 'there is no event %', NEW.event_id
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'fk_waitlists_event';
    END IF;
    IF NOT evently_on_sale(event) THEN
        RAISE EXCEPTION 'event % has no line to join', NEW.event_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_join_closed';
    END IF;
    IF NEW.quantity > least(event.max_per_booking, event.total_capacity) THEN
        RAISE EXCEPTION 'event % gives at most % seats at once', NEW.event_id,
                least(event.max_per_booking, event.total_capacity)
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_join_limit';
    END IF;
    IF event.max_per_person IS NOT NULL
        AND evently_seats_of_person(NEW.event_id, NEW.user_id) + NEW.quantity
            > event.max_per_person
    THEN
        RAISE EXCEPTION 'event % gives at most % seats to one person', NEW.event_id,
                event.max_per_person
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_person_limit';
    END IF;
    IF NEW.min_quantity <= event.available_seats
        AND NOT evently_somebody_fits(NEW.event_id, event.available_seats)
    THEN
        RAISE EXCEPTION 'event % has % seats on sale', NEW.event_id, event.available_seats
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_seats_on_sale';
    END IF;
    RETURN NEW;
END
$$;
