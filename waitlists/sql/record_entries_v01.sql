-- Record the changes of one event's entries by one statement, and count its open entries.
--
-- was, became: the rows before and after it; NULL where they were inserted or deleted.
CREATE OR REPLACE FUNCTION evently_record_entries(e events, was waitlists[], became waitlists[])
    RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
    SET enable_nestloop = off AS $$
DECLARE
    entry line_events;
    line lines;
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
        waiting = waiting + evently_count_confirmed(became) - evently_count_confirmed(was)
        WHERE event_id = e.id RETURNING * INTO line;
    FOR entry IN
        SELECT r.* FROM unnest(was) o
        FULL JOIN unnest(became) n ON n.id = o.id
        LEFT JOIN waitlists w ON w.event_id = e.id AND w.id = n.id,
        LATERAL evently_records_of_change(
            o, n, CASE WHEN cardinality(became) = 1 THEN w.position END) r
        ORDER BY w.position NULLS FIRST, coalesce(n.id, o.id)
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
