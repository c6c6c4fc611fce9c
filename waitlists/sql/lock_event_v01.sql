-- Lock an event, as every write to its waitlist does first. Rows that refer to the event can still
-- be inserted meanwhile.
CREATE OR REPLACE FUNCTION evently_lock_event(event uuid) RETURNS events
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    locked events;
BEGIN
    PERFORM evently_read_committed();
    SELECT * INTO locked FROM events WHERE id = event FOR NO KEY UPDATE;
    RETURN locked;
END
$$;

REVOKE ALL ON FUNCTION evently_lock_event(uuid) FROM PUBLIC;
