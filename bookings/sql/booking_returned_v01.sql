-- The promise about seats that are taken back for want of an answer: only where that was shown when
-- the booking was made and is still the organizer's choice, after two questions about the date that
-- the event has, 24 hours after the second, 24 hours before the start at the latest, and never if
-- one of the tickets was used.
CREATE OR REPLACE FUNCTION evently_booking_returned() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    at timestamptz := evently_clock();
BEGIN
    IF OLD.status <> 'confirmed' OR NEW.status <> 'cancelled'
        OR OLD.unanswered_policy IS DISTINCT FROM 'return'
        OR NOT EXISTS (
            SELECT FROM events e
            JOIN attendance_checks c ON c.event_id = e.id AND c.event_date = e.event_date
            WHERE e.id = OLD.event_id AND e.status = 'active'
                AND e.ask_days_before IS NOT NULL AND e.unanswered_policy = 'return'
                AND e.event_date >= at + interval '24 hours'
                AND c.booking_id = OLD.id AND c.answered_at IS NULL
                AND c.asked_again_at <= at - interval '24 hours')
        OR EXISTS (
            SELECT FROM tickets
            WHERE booking_id = OLD.id AND event_id = OLD.event_id AND checked_in_at IS NOT NULL)
    THEN
        RAISE EXCEPTION 'the seats of booking % cannot be returned', NEW.booking_reference
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_booking_returned';
    END IF;
    RETURN NEW;
END
$$;
