-- Keep a transfer with its ticket; it ends once. Accepting it takes that the ticket was cancelled
-- unused, and that a new one of the same booking bears the recipient's name. Name and address may be
-- emptied.
CREATE OR REPLACE FUNCTION evently_transfer_update() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF (NEW.id, NEW.event_id, NEW.booking_id, NEW.ticket_id, NEW.user_id, NEW.created_at)
            IS DISTINCT FROM
            (OLD.id, OLD.event_id, OLD.booking_id, OLD.ticket_id, OLD.user_id, OLD.created_at)
        OR (OLD.status <> 'open' AND (NEW.status, NEW.recipient_id, NEW.new_ticket_id, NEW.ended_at)
            IS DISTINCT FROM (OLD.status, OLD.recipient_id, OLD.new_ticket_id, OLD.ended_at))
        OR (NEW.recipient_name IS NOT NULL
            AND NEW.recipient_name IS DISTINCT FROM OLD.recipient_name)
        OR (NEW.recipient_email IS NOT NULL
            AND NEW.recipient_email IS DISTINCT FROM OLD.recipient_email)
    THEN
        RAISE EXCEPTION 'transfer % has ended or cannot change like this', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_transfer_final';
    END IF;
    IF OLD.status = 'open' AND NEW.status <> 'open' THEN
        NEW.ended_at := evently_clock();
    END IF;
    IF OLD.status = 'open' AND NEW.status = 'accepted' AND NOT EXISTS (
        SELECT FROM tickets old_ticket
        JOIN tickets new_ticket ON new_ticket.event_id = old_ticket.event_id
            AND new_ticket.booking_id = old_ticket.booking_id
        WHERE old_ticket.id = NEW.ticket_id AND old_ticket.event_id = NEW.event_id
            AND old_ticket.cancelled_at IS NOT NULL AND old_ticket.checked_in_at IS NULL
            AND new_ticket.id = NEW.new_ticket_id AND new_ticket.cancelled_at IS NULL
            AND new_ticket.holder_id = NEW.recipient_id)
    THEN
        RAISE EXCEPTION 'transfer % was accepted without a ticket of its own', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_transfer_ticket';
    END IF;
    RETURN NEW;
END
$$;
