-- When an event asks its attendees whether they are still coming: at 10:00 by its own clocks, so
-- many days before the day of its start. `events.attendance.asked_from` is the same in Python.
CREATE OR REPLACE FUNCTION evently_asked_from(starts timestamptz, zone text, days int)
    RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT timezone(zone, (timezone(zone, starts))::date - days + time '10:00')
$$;
