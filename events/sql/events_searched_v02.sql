-- Keep what search looks up in step with the event, and remember its words for typing errors.
CREATE OR REPLACE FUNCTION evently_events_searched() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    found tsvector;
BEGIN
    IF TG_OP = 'UPDATE'
        AND (NEW.name, NEW.venue, NEW.description) = (OLD.name, OLD.venue, OLD.description)
    THEN
        UPDATE event_words SET event_date = NEW.event_date
            WHERE event_id = NEW.id AND event_date IS DISTINCT FROM NEW.event_date;
        RETURN NULL;
    END IF;
    found := evently_search_vector(NEW.name, NEW.venue, NEW.description);
    INSERT INTO event_words (event_id, vector, event_date) VALUES (NEW.id, found, NEW.event_date)
    ON CONFLICT (event_id) DO UPDATE
        SET vector = EXCLUDED.vector, event_date = EXCLUDED.event_date
        WHERE (event_words.vector, event_words.event_date)
            IS DISTINCT FROM (EXCLUDED.vector, EXCLUDED.event_date);
    PERFORM evently_search_remember(found);
    RETURN NULL;
END
$$;
