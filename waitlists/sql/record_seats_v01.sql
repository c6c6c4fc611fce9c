-- Record seats that were given back by cancelled bookings, and then those that were sold to the
-- public, past all confirmed entries.
CREATE OR REPLACE FUNCTION evently_record_seats(e events, taken int, freed int) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    entry line_events;
BEGIN
    entry.event_id := e.id;
    IF freed > 0 THEN
        entry.kind := 'cancelled';
        entry.seats := freed;
        entry.free := e.available_seats + taken;
        PERFORM evently_record(entry);
    END IF;
    IF taken > 0 THEN
        entry.kind := 'booked';
        entry.seats := taken;
        entry.free := e.available_seats;
        PERFORM evently_record(entry);
        PERFORM evently_record_reserving(e);
    END IF;
END
$$;

REVOKE ALL ON FUNCTION evently_record_seats(events, int, int) FROM PUBLIC;
