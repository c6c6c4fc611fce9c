-- Close the record of an event's line when nothing is open any more; otherwise see who reserves.
--
-- Of deleted entries, the offers end after the entries: the triggers of a cascade run last.
CREATE OR REPLACE FUNCTION evently_close_line(e events) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    entry line_events;
BEGIN
    UPDATE lines SET is_open = false, reserved_ref = NULL
        WHERE event_id = e.id AND open_entries = 0 AND open_offers = 0;
    IF FOUND THEN
        entry.event_id := e.id;
        entry.kind := 'closed';
        PERFORM evently_record(entry);
    ELSE
        PERFORM evently_record_reserving(e);
    END IF;
END
$$;

REVOKE ALL ON FUNCTION evently_close_line(events) FROM PUBLIC;
