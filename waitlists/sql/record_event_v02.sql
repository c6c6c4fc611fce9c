-- Record that an organizer changed the rules or the capacity of an event with open entries.
CREATE OR REPLACE FUNCTION evently_record_event() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    entry line_events;
BEGIN
    IF NOT EXISTS (SELECT FROM lines WHERE event_id = NEW.id AND is_open) THEN
        RETURN NULL;
    END IF;
    entry.event_id := NEW.id;
    IF (NEW.max_passes, evently_line_closes_at(NEW))
        IS DISTINCT FROM (OLD.max_passes, evently_line_closes_at(OLD))
    THEN
        entry.kind := 'rules';
        entry.skips := NEW.max_passes;
        entry.until := evently_line_closes_at(NEW);
        PERFORM evently_record(entry);
        entry.skips := NULL;
        entry.until := NULL;
    END IF;
    IF NEW.total_capacity <> OLD.total_capacity THEN
        entry.kind := 'capacity';
        entry.capacity := NEW.total_capacity;
        entry.free := NEW.available_seats;
        PERFORM evently_record(entry);
        -- An entry that the event was too small for may reserve now.
        UPDATE lines SET most_passed = 2147483647 WHERE event_id = NEW.id;
    END IF;
    PERFORM evently_record_reserving(NEW);
    RETURN NULL;
END
$$;
