-- The pseudonym (`ref`) of the first waiting entry of an event that reserves; NULL if none does.
--
-- An entry reserves once it was passed max_passes times, by offers (passed_over) and by public
-- sales (counted on the line since the entry joined). It must be confirmed, and fit the event at all.
CREATE OR REPLACE FUNCTION evently_reserving(e events) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    passes int := evently_passes_limit(e);
    passed_most int;
    found text;
BEGIN
    IF passes IS NULL THEN
        RETURN NULL;
    END IF;
    passes := passes - coalesce((SELECT public_sales FROM lines WHERE event_id = e.id), 0);
    -- From the index of passes: mostly, no entry reserves, and the waitlist is not read.
    SELECT max(passed_over - public_sales_before) INTO passed_most FROM waitlists
        WHERE event_id = e.id AND status = 'waiting' AND confirmed_at IS NOT NULL;
    IF passed_most IS NULL OR passed_most < passes THEN
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
