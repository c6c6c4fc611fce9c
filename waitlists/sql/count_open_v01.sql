-- The number of entries that wait or have an offer.
CREATE OR REPLACE FUNCTION evently_count_open(entries waitlists[]) RETURNS int
    LANGUAGE sql IMMUTABLE AS $$
    SELECT count(*)::int FROM unnest(entries) WHERE status IN ('waiting', 'promoted')
$$;
