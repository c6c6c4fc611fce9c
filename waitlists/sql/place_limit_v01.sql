-- The most seats that one place on an event's waitlist can ask for: the organizer's limit, or 4.
-- While an entry waits, it holds for bookings, too.
CREATE OR REPLACE FUNCTION evently_place_limit(e events) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT least(coalesce(e.max_per_place, 4), e.max_per_booking)::int
$$;
