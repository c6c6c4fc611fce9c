-- Leave out of a person's preferences what cannot be turned off, whoever writes it.
--
-- It is dropped and not refused: the page of the release before has switches for some of these kinds,
-- and goes on saving the others during an upgrade.
CREATE OR REPLACE FUNCTION evently_preferences_kept() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF jsonb_typeof(NEW.preferences) = 'object' THEN
        NEW.preferences := (
            SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(NEW.preferences)
            WHERE NOT evently_always_sent(key));
    END IF;
    RETURN NEW;
END
$$;
