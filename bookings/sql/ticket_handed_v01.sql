-- At commit, check that a ticket bears the name of its booking's owner, or of a person who has
-- accepted it.
CREATE OR REPLACE FUNCTION evently_ticket_handed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM bookings
        WHERE id = NEW.booking_id AND event_id = NEW.event_id AND user_id = NEW.holder_id)
        AND NOT EXISTS (
        SELECT FROM ticket_transfers
        WHERE new_ticket_id = NEW.id AND event_id = NEW.event_id
            AND recipient_id = NEW.holder_id AND status = 'accepted')
        AND EXISTS (SELECT FROM tickets WHERE id = NEW.id AND event_id = NEW.event_id)
    THEN
        RAISE EXCEPTION 'ticket % was not handed over', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_ticket_handed';
    END IF;
    RETURN NULL;
END
$$;
