-- Only confirmed bookings are asked, about all of their seats and the date that their event has;
-- asked now, and not answered yet.
CREATE OR REPLACE FUNCTION evently_attendance_insert() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    NEW.asked_at := evently_clock();
    NEW.asked_again_at := NULL;
    NEW.coming := NULL;
    NEW.answered_at := NULL;
    IF NOT EXISTS (
        SELECT FROM bookings b JOIN events e ON e.id = b.event_id
        WHERE b.id = NEW.booking_id AND b.event_id = NEW.event_id AND b.status = 'confirmed'
            AND b.quantity = NEW.seats AND e.status = 'active' AND e.event_date = NEW.event_date
            AND e.event_date > NEW.asked_at)
        OR EXISTS (
            SELECT FROM tickets
            WHERE booking_id = NEW.booking_id AND event_id = NEW.event_id
                AND checked_in_at IS NOT NULL)
    THEN
        RAISE EXCEPTION 'booking % cannot be asked', NEW.booking_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_attendance_asked';
    END IF;
    RETURN NEW;
END
$$;
