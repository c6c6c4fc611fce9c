-- Record which waiting entry of an event reserves first, where that has changed.
CREATE OR REPLACE FUNCTION evently_record_reserving(e events) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    entry line_events;
    was text;
BEGIN
    entry.ref := evently_reserving(e);
    SELECT reserved_ref INTO was FROM lines WHERE event_id = e.id;
    IF entry.ref IS DISTINCT FROM was THEN
        UPDATE lines SET reserved_ref = entry.ref WHERE event_id = e.id;
        IF entry.ref IS NOT NULL THEN
            entry.event_id := e.id;
            entry.kind := 'reserved';
            PERFORM evently_record(entry);
        END IF;
    END IF;
END
$$;

REVOKE ALL ON FUNCTION evently_record_reserving(events) FROM PUBLIC;
