-- Seats that a user holds or claims at an event: bookings, pending promotions, waiting entries.
-- A promotion never exceeds the limit, because its entry was counted before it.
CREATE OR REPLACE FUNCTION evently_seats_of_person(event uuid, person uuid) RETURNS int
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT (
        coalesce((SELECT sum(quantity) FROM bookings
            WHERE user_id = person AND event_id = event
                AND status IN ('pending', 'confirmed')), 0)
        + coalesce((SELECT sum(quantity) FROM waitlist_promotions
            WHERE event_id = event AND user_id = person AND status = 'pending'), 0)
        + coalesce((SELECT sum(quantity) FROM waitlists
            WHERE user_id = person AND event_id = event AND status = 'waiting'), 0))::int
$$;

REVOKE ALL ON FUNCTION evently_seats_of_person(uuid, uuid) FROM PUBLIC;
