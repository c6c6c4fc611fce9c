-- At commit, check that a booking has as many valid tickets as seats.
CREATE OR REPLACE FUNCTION evently_ticket_count() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    wanted int;
    living int;
    ticket record;
BEGIN
    IF TG_OP = 'DELETE' THEN ticket := OLD; ELSE ticket := NEW; END IF;
    SELECT CASE WHEN status = 'cancelled' THEN 0 ELSE quantity END INTO wanted
    FROM bookings WHERE id = ticket.booking_id AND event_id = ticket.event_id;
    IF NOT FOUND THEN
        -- It went with its booking, or it would admit to another event than its booking's.
        IF NOT EXISTS (
            SELECT FROM tickets WHERE id = ticket.id AND event_id = ticket.event_id)
        THEN
            RETURN NULL;
        END IF;
        wanted := 0;
    END IF;
    SELECT count(*) INTO living FROM tickets
    WHERE booking_id = ticket.booking_id AND event_id = ticket.event_id AND cancelled_at IS NULL;
    IF living <> wanted THEN
        RAISE EXCEPTION 'booking % has % seats and % living tickets',
                ticket.booking_id, wanted, living
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_ticket_count';
    END IF;
    RETURN NULL;
END
$$;
