-- The days on which an event takes place, by the calendar of its own time zone.
--
-- An event that ends at midnight does not take place on the day that begins then. greatest() guards
-- against clocks that go back across midnight.
CREATE OR REPLACE FUNCTION evently_local_days(starts timestamptz, ends timestamptz, zone text)
    RETURNS daterange LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT daterange(
        (starts AT TIME ZONE zone)::date,
        greatest(
            (starts AT TIME ZONE zone)::date,
            ((ends AT TIME ZONE zone) - interval '1 microsecond')::date),
        '[]')
$$;
