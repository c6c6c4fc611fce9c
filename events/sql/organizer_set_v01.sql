-- Give a new row the organizer of its event, whatever a client writes. A row without an event has none.
CREATE OR REPLACE FUNCTION evently_organizer_set() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    SELECT created_by_id INTO NEW.organizer_id FROM events WHERE id = NEW.event_id;
    IF NOT FOUND AND TG_NARGS > 0 THEN
        -- The foreign key is checked at commit, and the event could be made until then.
        RAISE EXCEPTION 'there is no event %', NEW.event_id
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = TG_ARGV[0];
    END IF;
    RETURN NEW;
END
$$;
