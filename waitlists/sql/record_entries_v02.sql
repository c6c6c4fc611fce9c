-- Record the changes of one event's entries by one statement, and count its open entries.
--
-- was, became: all rows of the statement before and after it; NULL where they were inserted or
-- deleted. They meet by grouping: with a plan kept from one row, a join takes seconds for thousands.
CREATE OR REPLACE FUNCTION evently_record_entries(e events, was waitlists[], became waitlists[])
    RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    entry line_events;
    line lines;
    place int;
BEGIN
    SELECT * INTO line FROM lines WHERE event_id = e.id;
    IF NOT coalesce(line.is_open, false) THEN
        -- Carried over: an open entry that this statement has not made.
        IF EXISTS (SELECT FROM waitlists
            WHERE event_id = e.id AND status IN ('waiting', 'promoted'))
        THEN
            PERFORM evently_open_line(e, EXISTS (
                SELECT FROM waitlists w WHERE w.event_id = e.id
                    AND w.status IN ('waiting', 'promoted') AND w.ref IS NULL));
            PERFORM evently_record_reserving(e);
        END IF;
        RETURN;
    END IF;
    UPDATE lines SET
        open_entries = open_entries + evently_count_open(became) - evently_count_open(was),
        waiting = waiting + evently_count_confirmed(became) - evently_count_confirmed(was),
        most_passed = greatest(most_passed, (
            SELECT max(passed_over - public_sales_before) FROM unnest(became)
            WHERE status = 'waiting' AND confirmed_at IS NOT NULL))
        WHERE event_id = e.id RETURNING * INTO line;
    -- The rank trigger has numbered the rows since.
    IF cardinality(became) = 1 THEN
        SELECT position INTO place FROM waitlists WHERE event_id = e.id AND id = became[1].id;
    END IF;
    FOR entry IN
        SELECT r.* FROM (
            SELECT (array_agg(side) FILTER (WHERE NOT is_new))[1] AS old,
                (array_agg(side) FILTER (WHERE is_new))[1] AS new
            FROM (
                SELECT (o).id, false AS is_new, o AS side FROM unnest(was) o
                UNION ALL SELECT (n).id, true, n FROM unnest(became) n) sides
            GROUP BY id) pairs,
        LATERAL evently_records_of_change(old, new, place) r
        -- Those that wait no more, then the others in their order.
        ORDER BY CASE WHEN (new).status = 'waiting' THEN (new).priority_score END DESC NULLS FIRST,
            coalesce((new).ranked_at, (new).joined_at), coalesce((new).id, (old).id)
    LOOP
        PERFORM evently_record(entry);
    END LOOP;
    IF NOT EXISTS (SELECT FROM unnest(became) WHERE status = 'promoted') THEN
        -- Until its offer is recorded, right after, a promoted entry is still waiting there.
        PERFORM evently_close_line(e);
    END IF;
END
$$;

REVOKE ALL ON FUNCTION evently_record_entries(events, waitlists[], waitlists[]) FROM PUBLIC;
