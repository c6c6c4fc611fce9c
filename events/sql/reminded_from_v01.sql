-- When an event reminds its attendees: so many hours before its start, whole days by its own clocks.
-- A time that the clocks skip there is the one as long after the change.
CREATE OR REPLACE FUNCTION evently_reminded_from(starts timestamptz, zone text, hours int)
    RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT timezone(zone, timezone(zone, starts) - make_interval(days => hours / 24))
        - make_interval(hours => hours % 24)
$$;
