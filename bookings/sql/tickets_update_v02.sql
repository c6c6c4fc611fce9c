-- Keep a ticket with its event, booking and secret, and a cancelled one cancelled. A name on it stays:
-- it may be set once, to that of the booking's owner.
CREATE OR REPLACE FUNCTION evently_tickets_update() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF (NEW.id, NEW.event_id, NEW.booking_id, NEW.secret)
            IS DISTINCT FROM (OLD.id, OLD.event_id, OLD.booking_id, OLD.secret)
        OR (OLD.cancelled_at IS NOT NULL AND NEW.cancelled_at IS NULL)
        OR (OLD.holder_name IS NOT NULL
            AND (NEW.holder_name, NEW.holder_id)
                IS DISTINCT FROM (OLD.holder_name, OLD.holder_id))
    THEN
        RAISE EXCEPTION 'ticket % cannot change like this', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_ticket_final';
    END IF;
    IF NEW.holder_id IS DISTINCT FROM OLD.holder_id AND NOT EXISTS (
        SELECT FROM bookings
        WHERE id = NEW.booking_id AND event_id = NEW.event_id AND user_id = NEW.holder_id)
    THEN
        RAISE EXCEPTION 'ticket % can only be handed over', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_ticket_holder';
    END IF;
    RETURN NEW;
END
$$;
