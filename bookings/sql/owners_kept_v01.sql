-- Keep the user and the organizer of a booking's row, whatever a client writes; other triggers keep it
-- with its booking.
--
-- A row from before these columns gets them by an update that changes nothing besides.
CREATE OR REPLACE FUNCTION evently_owners_kept() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    derived text[] := '{user_id,organizer_id}';
BEGIN
    IF OLD.organizer_id IS NULL AND to_jsonb(NEW) - derived = to_jsonb(OLD) - derived THEN
        SELECT b.user_id, e.created_by_id INTO NEW.user_id, NEW.organizer_id
        FROM bookings b JOIN events e ON e.id = b.event_id
        WHERE b.id = NEW.booking_id AND b.event_id = NEW.event_id;
    ELSE
        NEW.user_id := OLD.user_id;
        NEW.organizer_id := OLD.organizer_id;
    END IF;
    RETURN NEW;
END
$$;
