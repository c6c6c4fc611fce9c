-- Keep a ticket with its event, booking and secret, and a cancelled one cancelled.
CREATE OR REPLACE FUNCTION evently_tickets_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.event_id, NEW.booking_id, NEW.secret)
            IS DISTINCT FROM (OLD.id, OLD.event_id, OLD.booking_id, OLD.secret)
        OR (OLD.cancelled_at IS NOT NULL AND NEW.cancelled_at IS NULL)
    THEN
        RAISE EXCEPTION 'ticket % cannot change like this', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_ticket_final';
    END IF;
    RETURN NEW;
END
$$;
