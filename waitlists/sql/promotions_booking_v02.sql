-- At commit, check that a used promotion has its own booking: same event and user, and the seats
-- that were accepted of it.
CREATE OR REPLACE FUNCTION evently_promotions_booking() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM bookings b
        WHERE b.id = NEW.booking_id AND b.event_id = NEW.event_id AND b.user_id = NEW.user_id
            AND b.quantity = coalesce(NEW.accepted_quantity, NEW.quantity))
        AND EXISTS (SELECT FROM waitlist_promotions WHERE id = NEW.id AND event_id = NEW.event_id)
    THEN
        RAISE EXCEPTION 'promotion % was used without a booking of its own', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_promotion_booking';
    END IF;
    RETURN NULL;
END
$$;
