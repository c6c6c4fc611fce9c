-- When the first of all events began that are on a day, each by its own calendar. Nothing else is said about
-- events that the caller may not see.
--
-- A role's policies would come before the index of days, as comparing ranges is not leakproof, and so all
-- events would be read.
CREATE OR REPLACE FUNCTION evently_first_start(day date) RETURNS timestamptz
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT min(event_date) FROM events WHERE evently_local_days(event_date, ends_at, timezone) @> day
$$;
