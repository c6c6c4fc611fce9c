-- Keep the organizer of a row, whatever a client writes: it follows the event, and nothing else.
--
-- A row from before the column gets it by an update that changes nothing besides.
CREATE OR REPLACE FUNCTION evently_organizer_kept() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    is_filled boolean := OLD.organizer_id IS NULL
        AND to_jsonb(NEW) - 'organizer_id' = to_jsonb(OLD) - 'organizer_id';
BEGIN
    IF is_filled OR NEW.event_id IS DISTINCT FROM OLD.event_id THEN
        SELECT created_by_id INTO NEW.organizer_id FROM events WHERE id = NEW.event_id;
    ELSE
        NEW.organizer_id := OLD.organizer_id;
    END IF;
    RETURN NEW;
END
$$;
