-- Take seats of an event (net above 0) or give them back (below 0), and return the event, locked.
-- Returns NULL if too few seats are available, or if the event is being deleted.
CREATE OR REPLACE FUNCTION evently_move_seats(event uuid, net int) RETURNS events
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    moved events;
BEGIN
    PERFORM evently_read_committed();
    UPDATE events SET available_seats = available_seats - net
        WHERE id = event AND available_seats >= net
        RETURNING * INTO moved;
    RETURN moved;
END
$$;

REVOKE ALL ON FUNCTION evently_move_seats(uuid, int) FROM PUBLIC;
