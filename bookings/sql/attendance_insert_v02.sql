-- Only confirmed bookings are asked, about all of their seats and the date that their event has;
-- asked now, and not answered yet. The row bears the booking's user and the event's organizer.
CREATE OR REPLACE FUNCTION evently_attendance_insert() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    NEW.asked_at := evently_clock();
    NEW.asked_again_at := NULL;
    NEW.coming := NULL;
    NEW.answered_at := NULL;
    SELECT b.user_id, e.created_by_id INTO NEW.user_id, NEW.organizer_id
    FROM bookings b JOIN events e ON e.id = b.event_id
    WHERE b.id = NEW.booking_id AND b.event_id = NEW.event_id AND b.status = 'confirmed'
        AND b.quantity = NEW.seats AND e.status = 'active' AND e.event_date = NEW.event_date
        AND e.event_date > NEW.asked_at;
    IF NOT FOUND
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
