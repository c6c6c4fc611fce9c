-- Allow only legal changes of a booking: a cancelled one stays cancelled, none moves to another
-- event, user, reference or quote, none becomes more expensive, and what was promised about seats of
-- attendees who do not answer stays as it was shown.
CREATE OR REPLACE FUNCTION evently_bookings_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.event_id, NEW.user_id, NEW.booking_reference, NEW.quote_id, NEW.quote_quantity,
            NEW.unanswered_policy)
            IS DISTINCT FROM (OLD.id, OLD.event_id, OLD.user_id, OLD.booking_reference,
                OLD.quote_id, OLD.quote_quantity, OLD.unanswered_policy)
        OR (OLD.status = 'cancelled' AND NEW.status <> 'cancelled')
        OR (OLD.status = 'cancelled' AND NEW.quantity <> OLD.quantity)
        OR (OLD.status = 'confirmed' AND NEW.status = 'pending')
        OR NEW.unit_price > OLD.unit_price
    THEN
        RAISE EXCEPTION 'booking % cannot change like this', OLD.booking_reference
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_booking_final';
    END IF;
    IF NEW.status = 'cancelled' AND OLD.status <> 'cancelled' AND NEW.cancelled_at IS NULL THEN
        NEW.cancelled_at := evently_clock();
    END IF;
    IF NEW.status = 'confirmed' THEN
        NEW.expires_at := NULL;
    END IF;
    NEW.version := OLD.version + 1;
    NEW.updated_at := evently_clock();
    RETURN NEW;
END
$$;
