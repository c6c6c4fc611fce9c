-- Check the limit per person when a place is confirmed: until then, it did not count for other
-- addresses of its mailbox. A limit that was lowered below the user's own seats is left aside.
CREATE OR REPLACE FUNCTION evently_waitlists_confirm() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    event events;
    seats int;
BEGIN
    event := evently_lock_event(NEW.event_id);
    IF event.max_per_person IS NOT NULL THEN
        seats := evently_seats_of_person(NEW.event_id, NEW.user_id, NEW.mailbox)
            - OLD.quantity + NEW.quantity;
        IF seats > event.max_per_person
            AND seats > evently_seats_of_person(NEW.event_id, NEW.user_id, NULL)
                - OLD.quantity + NEW.quantity
        THEN
            RAISE EXCEPTION 'event % gives at most % seats to one person', NEW.event_id,
                    event.max_per_person
                USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_person_limit';
        END IF;
    END IF;
    RETURN NEW;
END
$$;
