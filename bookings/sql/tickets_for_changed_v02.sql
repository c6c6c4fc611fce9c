-- Match tickets to changed bookings: cancel surplus tickets, the newest first, and make missing
-- ones. To give back chosen seats, cancel those tickets first; then nothing is left to do here.
CREATE OR REPLACE FUNCTION evently_tickets_for_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    booking record;
    cancelled uuid[];
    events uuid[];
    living int;
BEGIN
    -- Where statistics lag behind, a join compared each with each, and booking by booking all
    -- tickets of the event were read for each. A list known when the plan is made is looked up
    -- by its hash, so whichever index is taken, each ticket is read once.
    SELECT array_agg(id), array_agg(DISTINCT event_id) INTO cancelled, events
    FROM new_rows WHERE status = 'cancelled';
    IF cancelled IS NOT NULL THEN
        EXECUTE $sql$
            UPDATE tickets SET cancelled_at = evently_clock()
            WHERE booking_id = ANY($1) AND event_id = ANY($2) AND cancelled_at IS NULL
        $sql$ USING cancelled, events;
    END IF;
    FOR booking IN
        SELECT id, event_id, quantity, user_id, organizer_id
        FROM new_rows WHERE status <> 'cancelled'
        EXCEPT ALL
        SELECT id, event_id, quantity, user_id, organizer_id FROM old_rows
        ORDER BY id
    LOOP
        SELECT count(*) INTO living FROM tickets
        WHERE booking_id = booking.id AND event_id = booking.event_id AND cancelled_at IS NULL;
        IF living > booking.quantity THEN
            UPDATE tickets SET cancelled_at = evently_clock()
            WHERE event_id = booking.event_id AND id IN (
                SELECT id FROM tickets
                WHERE booking_id = booking.id AND event_id = booking.event_id
                    AND cancelled_at IS NULL
                ORDER BY checked_in_at NULLS FIRST, id DESC
                LIMIT living - booking.quantity);
        ELSIF living < booking.quantity THEN
            INSERT INTO tickets (booking_id, event_id, user_id, organizer_id)
            SELECT booking.id, booking.event_id, booking.user_id, booking.organizer_id
            FROM generate_series(1, booking.quantity - living);
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
