-- The ids of public events on sale or still to come whose price lies between two, both included and NULL for no
-- limit; or NULL where there are more than so many.
--
-- Comparing prices is not leakproof: under a role, whose policies come first, no index of prices is used.
CREATE OR REPLACE FUNCTION evently_priced(lowest numeric, highest numeric, most integer) RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT CASE WHEN count(*) <= most THEN coalesce(array_agg(id), '{}') END
    FROM (
        SELECT id FROM events
        WHERE status = 'active' AND published_at IS NOT NULL
            AND current_price BETWEEN coalesce(lowest, '-Infinity') AND coalesce(highest, 'Infinity')
        LIMIT most + 1
    ) found
$$;
