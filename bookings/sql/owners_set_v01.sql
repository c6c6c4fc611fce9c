-- Give a new row of a booking the booking's user and the event's organizer, whatever a client writes.
--
-- Arguments: the names under which a row is refused whose event is unknown, whose booking is unknown,
-- and whose booking is of another event.
CREATE OR REPLACE FUNCTION evently_owners_set() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    refusal text;
BEGIN
    SELECT b.user_id, e.created_by_id INTO NEW.user_id, NEW.organizer_id
    FROM bookings b JOIN events e ON e.id = b.event_id
    WHERE b.id = NEW.booking_id AND b.event_id = NEW.event_id;
    IF NOT FOUND THEN
        refusal := CASE
            WHEN NOT EXISTS (SELECT FROM events WHERE id = NEW.event_id) THEN TG_ARGV[0]
            WHEN NOT EXISTS (SELECT FROM bookings WHERE id = NEW.booking_id) THEN TG_ARGV[1]
            ELSE TG_ARGV[2] END;
        RAISE EXCEPTION 'event % has no booking %', NEW.event_id, NEW.booking_id
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = refusal;
    END IF;
    RETURN NEW;
END
$$;
