-- How often a waiting entry of an event is passed before it reserves; NULL if none reserves now: by
-- the organizer's choice, or as less than 24 hours are left.
CREATE OR REPLACE FUNCTION evently_passes_limit(e events) RETURNS int LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN evently_clock() < evently_line_closes_at(e) - interval '24 hours'
        THEN e.max_passes END::int
$$;
