-- How many seats of an event were booked with each of some quotes, cancelled ones included.
CREATE OR REPLACE FUNCTION evently_quoted_seats(event uuid, quotes uuid[])
    RETURNS TABLE (quote uuid, seats bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT quote_id, sum(quantity) FROM bookings
    WHERE event_id = event AND quote_id = ANY (quotes) GROUP BY quote_id
$$;
