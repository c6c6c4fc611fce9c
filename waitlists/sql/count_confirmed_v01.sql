-- The number of entries that wait and are confirmed, so that they can be offered seats.
CREATE OR REPLACE FUNCTION evently_count_confirmed(entries waitlists[]) RETURNS int
    LANGUAGE sql IMMUTABLE AS $$
    SELECT count(*)::int FROM unnest(entries) WHERE status = 'waiting' AND confirmed_at IS NOT NULL
$$;
