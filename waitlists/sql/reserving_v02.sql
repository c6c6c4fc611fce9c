-- The pseudonym (`ref`) of the first waiting entry of an event that reserves; NULL if none does.
--
-- An entry reserves once it was passed max_passes times, by offers (passed_over) and by public
-- sales (counted on the line since the entry joined). It must be confirmed, and fit the event at all.
CREATE OR REPLACE FUNCTION evently_reserving(e events) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    passes int := evently_passes_limit(e);
    line lines;
    found text;
BEGIN
    IF passes IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT * INTO line FROM lines WHERE event_id = e.id;
    passes := passes - coalesce(line.public_sales, 0);
    -- Mostly, no entry was passed often enough, and the waitlist is not read. It has no line only in
    -- the statement of its first entries, which nothing has passed.
    IF coalesce(line.most_passed, 0) < passes THEN
        RETURN NULL;
    END IF;
    SELECT ref INTO found FROM waitlists
        WHERE event_id = e.id AND status = 'waiting' AND confirmed_at IS NOT NULL
            AND min_quantity <= e.total_capacity
            AND passed_over - public_sales_before >= passes
        ORDER BY priority_score DESC, coalesce(ranked_at, joined_at), id LIMIT 1;
    RETURN found;
END
$$;

REVOKE ALL ON FUNCTION evently_reserving(events) FROM PUBLIC;
