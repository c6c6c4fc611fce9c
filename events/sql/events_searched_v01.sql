-- Keep what search looks up in step with the event, and remember its words for typing errors.
CREATE OR REPLACE FUNCTION evently_events_searched() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    found tsvector := evently_search_vector(NEW.name, NEW.venue, NEW.description);
BEGIN
    INSERT INTO event_words (event_id, vector) VALUES (NEW.id, found)
    ON CONFLICT (event_id) DO UPDATE SET vector = EXCLUDED.vector
    WHERE event_words.vector <> EXCLUDED.vector;
    PERFORM evently_search_remember(found);
    RETURN NULL;
END
$$;
