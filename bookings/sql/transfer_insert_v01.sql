-- Only the owner of a confirmed booking hands over its tickets, and only valid ones that are still
-- the owner's.
CREATE OR REPLACE FUNCTION evently_transfer_insert() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    NEW.created_at := evently_clock();
    NEW.ended_at := NULL;
    IF NEW.status <> 'open' THEN
        RAISE EXCEPTION 'a transfer begins as open'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_transfer_final';
    END IF;
    IF NOT EXISTS (
        SELECT FROM tickets t
        JOIN bookings b ON b.id = t.booking_id AND b.event_id = t.event_id
        WHERE t.id = NEW.ticket_id AND t.event_id = NEW.event_id AND b.id = NEW.booking_id
            AND b.user_id = NEW.user_id AND b.status = 'confirmed'
            AND t.cancelled_at IS NULL AND t.checked_in_at IS NULL
            AND (t.holder_id IS NULL OR t.holder_id = b.user_id))
    THEN
        RAISE EXCEPTION 'ticket % cannot be handed over', NEW.ticket_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_transfer_ticket';
    END IF;
    RETURN NEW;
END
$$;
