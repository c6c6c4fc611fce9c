-- Keep what was asked, and when. The second question comes once, at the earliest 24 hours after the
-- first, to those who have not answered. An answer can change, but is never taken back. The date
-- follows that of the event.
CREATE OR REPLACE FUNCTION evently_attendance_update() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF OLD.asked_again_at IS NULL AND NEW.asked_again_at IS NOT NULL THEN
        NEW.asked_again_at := evently_clock();
        IF NEW.asked_again_at < OLD.asked_at + interval '24 hours' OR OLD.answered_at IS NOT NULL
        THEN
            RAISE EXCEPTION 'booking % cannot be asked again yet', OLD.booking_id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_attendance_again';
        END IF;
    END IF;
    IF NEW.coming IS DISTINCT FROM OLD.coming THEN
        NEW.answered_at := CASE WHEN NEW.coming IS NOT NULL THEN evently_clock() END;
    ELSE
        NEW.answered_at := OLD.answered_at;
    END IF;
    IF (NEW.id, NEW.event_id, NEW.booking_id, NEW.seats, NEW.asked_at)
            IS DISTINCT FROM (OLD.id, OLD.event_id, OLD.booking_id, OLD.seats, OLD.asked_at)
        OR (OLD.asked_again_at IS NOT NULL
            AND NEW.asked_again_at IS DISTINCT FROM OLD.asked_again_at)
        OR (OLD.coming IS NOT NULL AND NEW.coming IS NULL)
        OR (NEW.event_date <> OLD.event_date AND NOT EXISTS (
            SELECT FROM events WHERE id = NEW.event_id AND event_date = NEW.event_date))
    THEN
        RAISE EXCEPTION 'the question to booking % cannot change like this', OLD.booking_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_attendance_final';
    END IF;
    RETURN NEW;
END
$$;
