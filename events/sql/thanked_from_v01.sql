-- When an event thanks its attendees: at 10:00 by its own clocks, on the day after its end.
CREATE OR REPLACE FUNCTION evently_thanked_from(ends timestamptz, zone text)
    RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT timezone(zone, (timezone(zone, ends))::date + 1 + time '10:00')
$$;
