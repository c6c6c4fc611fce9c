-- How many seats of cancelled bookings an event got back since a time.
CREATE OR REPLACE FUNCTION evently_seats_returned(event uuid, since timestamptz) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(sum(quantity), 0) FROM bookings
    WHERE event_id = event AND status = 'cancelled' AND cancelled_at >= since
$$;
